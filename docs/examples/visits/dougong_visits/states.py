"""The life of a visit."""

from dougong.api import Lifecycle, State, _

visit = Lifecycle(
    start="planned",
    states=[
        State("planned", _("Planned"), "pri"),
        State("done", _("Done"), "ok"),
        State("cancelled", _("Cancelled")),
    ],
    moves=[("planned", "done"), ("planned", "cancelled"), ("cancelled", "planned")],
)
