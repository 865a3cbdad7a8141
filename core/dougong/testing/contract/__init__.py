"""What every plugin must hold to, as tests to inherit. Three lines in a plugin's own tests are enough:

    class TestContract(PluginContract):
        plugin = "visits"

What is asked of a plugin's declarations, records, rights, pages and jobs stands in the modules of these names; whatever the
database answers is asked of SQLite and of PostgreSQL.
"""

from __future__ import annotations

from dougong.testing.contract.declarations import Declarations
from dougong.testing.contract.jobs import Jobs
from dougong.testing.contract.pages import Pages
from dougong.testing.contract.records import Records
from dougong.testing.contract.rights import Rights
from dougong.testing.contract.switching import Switching

__all__ = ["PluginContract"]


class PluginContract(Declarations, Records, Rights, Pages, Jobs, Switching):
    """Inherit and name the plugin.

    `given` holds, by record type key, values for records that the derived ones don't fit (a hook may ask for more).
    The tests of one database share it; none relies on another.
    """
