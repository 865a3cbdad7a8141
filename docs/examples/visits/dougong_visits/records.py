"""How people see visits, and who may: whoever sees the customer, or owns the visit."""

from dougong.api import Action, ListView, Me, RecordType, SavedView, Scope, Template, _

from . import schemas, services, states
from .tables import Visit

visit = RecordType(
    table=Visit,
    label=_("Visit"),
    plural=_("Visits"),
    icon="map-pin",
    title=Visit.purpose,
    lifecycle=states.visit,
    scope=Scope.via(Visit.customer) | Scope.owner,
    template=Template(required=[Visit.customer, Visit.planned_for], groups={_("Result"): [Visit.outcome]}),
    views=[
        ListView(
            [Visit.purpose, Visit.customer, Visit.planned_for, Visit.state, Visit.owner],
            phone=[Visit.purpose, Visit.customer, Visit.planned_for],
            order=Visit.planned_for,
            descending=True,
        )
    ],
    saved_views=[
        SavedView(_("All")),
        SavedView(_("This week"), where=[(Visit.planned_for, "during", "this_week")]),
        SavedView(_("My planned visits"), where=[(Visit.owner, "=", Me), (Visit.state, "=", "planned")]),
    ],
    actions=[
        Action(
            services.complete_visit,
            label=_("Complete"),
            form=schemas.Completion,
            when=Visit.state == "planned",
            icon="check",
        )
    ],
    search=[Visit.purpose, Visit.outcome],
)
