"""The life cycle of a customer record: written, sent in, looked at by somebody else, good."""

from __future__ import annotations

from dougong.api import Lifecycle, Move, State, _

from .services.review import check_approval, check_complete

__all__ = ["customer"]

customer = Lifecycle(
    start="draft",
    states=[
        State("draft", _("Draft")),
        State("submitted", _("To review"), "warn"),
        State("approved", _("Approved"), "ok"),
    ],
    moves=[
        Move("draft", "submitted", label=_("Submit"), check=check_complete, icon="send"),
        Move("submitted", "approved", label=_("Approve"), right="approve", check=check_approval, icon="check"),
        Move("submitted", "draft", label=_("Send back"), right="approve", reason=True, icon="arrow-back-up"),
        Move("approved", "draft", label=_("Reopen"), right="approve", reason=True, icon="pencil"),
    ],
)
