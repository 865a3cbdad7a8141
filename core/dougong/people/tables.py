"""The company's people: departments by reporting line, staff, and the accounts some of them sign in with."""

from __future__ import annotations

from piccolo.constraints import Unique

from dougong.db.columns import (
    Active,
    Boolean,
    Choice,
    Email,
    ForeignKey,
    Integer,
    LazyTableReference,
    Lookup,
    Option,
    Phone,
    Serial,
    Timestamptz,
    Varchar,
)
from dougong.i18n import _
from dougong.records.tables import Private, Row

__all__ = ["Attempts", "Department", "Position", "Session", "Staff", "Token", "User", "education"]

education = Lookup(
    "education",
    _("Levels of education"),
    [
        Option("secondary", _("Secondary school")),
        Option("college", _("Junior college")),
        Option("bachelor", _("Bachelor")),
        Option("master", _("Master")),
        Option("doctor", _("Doctor")),
    ],
)


class Position(Row):
    """A post in the company: sales manager, service engineer."""

    name = Varchar(100)
    active = Active()


class Department(Row):
    """A part of the company. `parent` is the reporting line; the head sees everything from here downwards."""

    name = Varchar(100)
    code = Varchar(40, default="")
    parent = ForeignKey("self", null=True)
    head = ForeignKey(LazyTableReference("Staff", module_path="dougong.people.tables"), null=True)
    place = Integer(default=0, help_text="Order among the departments of the same parent")
    active = Active()


class Staff(Row):
    """Somebody who works here, with or without an account of their own."""

    name = Varchar(100)
    code = Varchar(40, default="")
    department = ForeignKey(Department)
    position = ForeignKey(Position, null=True)
    phone = Phone()
    mobile = Phone()
    email = Email()
    id_number = Varchar(30, null=True, default=None)
    education = Choice(education)
    active = Active()


class User(Private, tablename="people_user"):
    """An account to sign in with. At most one per person; an administrator may have one without being staff."""

    id: Serial
    name = Varchar(60)
    # the name as it is compared: case and width don't tell two accounts apart
    name_key = Varchar(60, unique=True)
    password = Varchar(200, secret=True)
    staff = ForeignKey(Staff, null=True, unique=True)
    active = Boolean(default=True)
    must_change_password = Boolean(default=True)
    locale = Choice([Option("zh_CN", "中文"), Option("en", "English")])
    theme = Choice([Option("light", _("Light")), Option("dark", _("Dark"))])
    last_sign_in = Timestamptz(null=True, default=None)
    created = Timestamptz()


class Session(Private, tablename="people_session"):
    """One browser that is signed in. Only a digest of its cookie is kept."""

    id: Serial
    digest = Varchar(64, unique=True, secret=True)
    user = ForeignKey(User)
    csrf = Varchar(64, secret=True)
    created = Timestamptz()
    seen = Timestamptz()
    expires = Timestamptz()
    ip = Varchar(60, default="")
    agent = Varchar(300, default="")


class Token(Private, tablename="people_token"):
    """A program's way in, as the person who made it. Only a digest is kept."""

    id: Serial
    digest = Varchar(64, unique=True, secret=True)
    user = ForeignKey(User)
    label = Varchar(100, default="")
    created = Timestamptz()
    used = Timestamptz(null=True, default=None)
    expires = Timestamptz(null=True, default=None)


class Attempts(Private, tablename="people_attempt"):
    """Wrong sign-ins of one name from one address, of a name from anywhere (no address), from one address (no name).

    Name and address are kept as digests, and of names nobody has just as of those somebody has. `spare` are the wrong
    tries left before a pause; each one beyond makes the pause longer.
    """

    id: Serial
    name = Varchar(64, default="")
    address = Varchar(64, default="")
    spare = Integer()
    until = Timestamptz()
    forgotten = Timestamptz(index=True)

    once = Unique([name, address])
