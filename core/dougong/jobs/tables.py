"""Jobs and schedules, as every process must agree on them."""

from __future__ import annotations

from dougong.db.columns import BigInt, BigSerial, Boolean, Integer, Text, Timestamptz, Varchar
from dougong.records.tables import Private

__all__ = ["CANCELLED", "DONE", "OFF", "PARKED", "QUEUED", "RUNNING", "JobRow", "ScheduleRow"]

QUEUED, RUNNING, DONE, CANCELLED = "queued", "running", "done", "cancelled"
PARKED = "parked"
"""It failed too often, or in a way that another try can't better: somebody has to look at it."""
OFF = "off"
"""Its plugin is off; it wakes when that is on again."""


class JobRow(Private, tablename="dougong_job"):
    """One job, from the transaction that asked for it to its end.

    It runs as the account `by_user`, 0 for nobody. Whoever runs it holds the `lease` until `lease_until` and writes to it
    only by that name; when the time is over, somebody else may take it. `cursor` is how far it got, in the job's own
    terms, and `words` what it says about that.
    """

    id = BigSerial(primary_key=True)
    plugin = Varchar(40)
    name = Varchar(80)
    arguments = Text(default="{}")
    by_user = BigInt(default=0, index=True)
    by_staff = BigInt(null=True, default=None)
    locale = Varchar(10, default="")
    unique_key = Varchar(250, null=True, default=None, unique=True)
    state = Varchar(20, default=QUEUED, index=True)
    attempts = Integer(default=0)
    due = Timestamptz(default=None, null=False)
    lease = Varchar(32, null=True, default=None)
    lease_until = Timestamptz(null=True, default=None)
    heartbeat = Timestamptz(null=True, default=None)
    cursor = Text(null=True, default=None)
    done = BigInt(default=0)
    total = BigInt(null=True, default=None)
    words = Text(default="")
    batch = Varchar(32, null=True, default=None)
    cancel = Timestamptz(null=True, default=None, help_text="When somebody asked for its end")
    error = Text(default="")
    line = Text(default="", help_text="The last line of the plugin's own code on the way to the error")
    created = Timestamptz(default=None, null=False)
    started = Timestamptz(null=True, default=None)
    ended = Timestamptz(null=True, default=None, index=True)


class ScheduleRow(Private, tablename="dougong_schedule"):
    """When a schedule is due next, by `rule` (its cron and the company's time zone), and whether somebody paused it."""

    id = BigSerial(primary_key=True)
    unique_key = Varchar(130, unique=True)
    plugin = Varchar(40)
    name = Varchar(80)
    rule = Varchar(200)
    due = Timestamptz(default=None, null=False)
    last = Timestamptz(null=True, default=None)
    paused = Boolean(default=False)
