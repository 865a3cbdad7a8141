"""What can go wrong with people and their accounts."""

from __future__ import annotations

from dougong.errors import DougongError, Refused
from dougong.i18n import _

__all__ = ["AlreadyOperator", "OwnSuperior", "StillInUse", "TooManyTries", "WrongSignIn"]


class WrongSignIn(DougongError):
    """Signing in failed. One text for every cause, so that nobody learns which names exist."""

    status = 401
    message = _("The name or the password is wrong.")


class TooManyTries(DougongError):
    """Too many wrong passwords: nothing is tried now. One text, whether the name exists or not."""

    status = 429
    message = _(
        "Too many wrong tries. Wait a little, at most %(minutes)s minutes, then try again; whoever keeps the accounts can also let you in at once."
    )

    def __init__(self, wait: int, longest: int) -> None:
        """`wait`: seconds until the next try; `longest`: the longest such wait there is."""
        super().__init__(minutes=-(-longest // 60))
        self.headers = {"Retry-After": str(wait)}


class AlreadyOperator(Refused):
    """The person has an account already."""

    message = _("%(name)s has an account already.")


class OwnSuperior(Refused):
    """A department would report to itself, directly or through others."""

    message = _("A department can't report to itself or to one below it.")


class StillInUse(Refused):
    """Something that still has people in it can't be deactivated."""

    message = _("Still in use: %(staff)s people work here, %(departments)s departments report to it.")
