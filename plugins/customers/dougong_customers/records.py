"""How people see customers, contacts, interactions and relations, and who may."""

from __future__ import annotations

from dougong.api import Action, ListView, Me, RecordType, SavedView, Scope, Template, _

from . import schemas, services, states
from .tables import Contact, CoOwnerRequest, Customer, CustomerRelation, Interaction, Participant

__all__ = ["co_owner_request", "contact", "customer", "interaction", "participant", "relation"]

END_CUSTOMER = Template(
    required=[Customer.name, Customer.kind],
    readonly=[Customer.last_contacted],
    groups={
        _("Sales"): [
            Customer.level,
            Customer.status,
            Customer.tags,
            Customer.intent,
            Customer.source,
            Customer.hot_topic,
            Customer.last_contacted,
            Customer.next_follow_up,
        ],
        _("Company"): [
            Customer.industry,
            Customer.organisation_type,
            Customer.credit_code,
            Customer.employees,
            Customer.founded,
            Customer.credit_limit,
        ],
        _("Where to reach"): [
            Customer.province,
            Customer.city,
            Customer.address,
            Customer.phone,
            Customer.email,
            Customer.website,
        ],
        _("Notes"): [Customer.former_names, Customer.remark],
    },
)

# A dealer is judged by region, credit and reach; what it wants itself and how it was found say little.
CHANNEL_CUSTOMER = Template(
    required=[Customer.name, Customer.kind],
    readonly=[Customer.last_contacted],
    off=[Customer.intent, Customer.hot_topic, Customer.source],
    groups={
        _("Where to reach"): [
            Customer.province,
            Customer.city,
            Customer.address,
            Customer.phone,
            Customer.email,
            Customer.website,
        ],
        _("Dealership"): [
            Customer.level,
            Customer.status,
            Customer.tags,
            Customer.credit_limit,
            Customer.last_contacted,
            Customer.next_follow_up,
        ],
        _("Company"): [
            Customer.industry,
            Customer.organisation_type,
            Customer.credit_code,
            Customer.employees,
            Customer.founded,
        ],
        _("Notes"): [Customer.former_names, Customer.remark],
    },
)

customer = RecordType(
    table=Customer,
    label=_("Customer"),
    plural=_("Customers"),
    icon="building-skyscraper",
    avatar="organisation",
    similar=services.names_on_record,
    title=Customer.name,
    lifecycle=states.customer,
    scope=Scope.role,
    template=END_CUSTOMER,
    category=Customer.kind,
    templates={"channel": CHANNEL_CUSTOMER},
    views=[
        ListView(
            [
                Customer.name,
                Customer.kind,
                Customer.level,
                Customer.status,
                Customer.industry,
                Customer.city,
                Customer.owner,
                Customer.last_contacted,
                Customer.next_follow_up,
                Customer.state,
            ],
            phone=[Customer.name, Customer.city, Customer.state, Customer.owner],
            order=Customer.name,
        )
    ],
    saved_views=[
        SavedView(_("All")),
        SavedView(_("Mine"), where=[(Customer.owner, "=", Me)]),
        SavedView(_("Drafts"), where=[(Customer.state, "=", "draft")]),
        SavedView(_("To review"), where=[(Customer.state, "=", "submitted")]),
        SavedView(_("New this month"), where=[(Customer.created, "during", "this_month")]),
    ],
    actions=[Action(services.rename_customer, label=_("Rename"), form=schemas.Renaming, icon="writing-sign")],
    search=[Customer.name, Customer.former_names, Customer.short_name, Customer.phone, Customer.city],
    labels={Customer.kind: _("Main category"), Customer.founded: _("Founded in"), Customer.email: _("E-mail")},
    rights={"approve": _("Approve")},
)

contact = RecordType(
    table=Contact,
    label=_("Contact"),
    plural=_("Contacts"),
    icon="address-book",
    avatar="person",
    title=Contact.name,
    scope=Scope.via(Contact.customer) | Scope.owner,
    template=Template(
        required=[Contact.name, Contact.customer],
        groups={
            _("Where to reach"): [Contact.mobile, Contact.phone, Contact.email, Contact.wechat],
            _("Personal"): [Contact.birthday, Contact.hobbies, Contact.remark],
        },
    ),
    views=[
        ListView(
            [Contact.name, Contact.customer, Contact.title, Contact.role, Contact.mobile, Contact.email, Contact.owner],
            phone=[Contact.name, Contact.customer, Contact.mobile],
            order=Contact.name,
        )
    ],
    saved_views=[SavedView(_("All")), SavedView(_("Mine"), where=[(Contact.owner, "=", Me)])],
    search=[Contact.name, Contact.mobile, Contact.phone, Contact.email, Contact.wechat],
    labels={
        Contact.title: _("Job title"),
        Contact.role: _("Role in buying"),
        Contact.email: _("E-mail"),
        Contact.wechat: _("WeChat"),
    },
)

interaction = RecordType(
    table=Interaction,
    label=_("Interaction"),
    plural=_("Interactions"),
    icon="message-circle",
    title=Interaction.text,
    scope=Scope.via(Interaction.customer) | Scope.owner,
    template=Template(required=[Interaction.customer, Interaction.kind, Interaction.happened_at, Interaction.text]),
    views=[
        ListView(
            [
                Interaction.text,
                Interaction.customer,
                Interaction.contact,
                Interaction.kind,
                Interaction.happened_at,
                Interaction.next_step,
                Interaction.owner,
            ],
            phone=[Interaction.text, Interaction.customer, Interaction.happened_at],
            order=Interaction.happened_at,
            descending=True,
        )
    ],
    saved_views=[
        SavedView(_("All")),
        SavedView(_("Mine"), where=[(Interaction.owner, "=", Me)]),
        SavedView(_("This week"), where=[(Interaction.happened_at, "during", "this_week")]),
    ],
    search=[Interaction.text, Interaction.next_step],
    labels={
        Interaction.kind: _("Type"),
        Interaction.follow_up: _("Next follow up"),
        Interaction.text: _("What was said"),
        Interaction.happened_at: _("When"),
    },
)

participant = RecordType(
    table=Participant,
    label=_("Participant"),
    plural=_("Participants"),
    icon="users",
    title=Participant.name,
    scope=Scope.via(Participant.interaction),
    template=Template(required=[Participant.interaction, Participant.name]),
    views=[
        ListView(
            [Participant.name, Participant.interaction, Participant.contact, Participant.colleague],
            phone=[Participant.name, Participant.interaction],
        )
    ],
    search=[Participant.name],
)

co_owner_request = RecordType(
    table=CoOwnerRequest,
    label=_("Co-owner request"),
    plural=_("Co-owner requests"),
    icon="user-plus",
    title=CoOwnerRequest.reason,
    scope=Scope.via(CoOwnerRequest.customer) | Scope.role,
    template=Template(
        required=[CoOwnerRequest.reason],
        readonly=[
            CoOwnerRequest.decision,
            CoOwnerRequest.decided_by,
            CoOwnerRequest.decided_on,
            CoOwnerRequest.answer,
        ],
        groups={
            _("Decision"): [
                CoOwnerRequest.decision,
                CoOwnerRequest.decided_by,
                CoOwnerRequest.decided_on,
                CoOwnerRequest.answer,
            ]
        },
    ),
    views=[
        ListView(
            [
                CoOwnerRequest.reason,
                CoOwnerRequest.customer_name,
                CoOwnerRequest.owner,
                CoOwnerRequest.decision,
                CoOwnerRequest.created,
                CoOwnerRequest.answer,
            ],
            phone=[CoOwnerRequest.reason, CoOwnerRequest.customer_name, CoOwnerRequest.decision],
        )
    ],
    saved_views=[
        SavedView(_("Waiting"), where=[(CoOwnerRequest.decision, "=", "open")]),
        SavedView(_("Mine"), where=[(CoOwnerRequest.owner, "=", Me)]),
        SavedView(_("All")),
    ],
    actions=[
        Action(
            services.grant_co_ownership,
            label=_("Grant"),
            when=CoOwnerRequest.decision == "open",
            right="decide",
            icon="check",
        ),
        Action(
            services.refuse_co_ownership,
            label=_("Refuse"),
            form=schemas.Refusal,
            when=CoOwnerRequest.decision == "open",
            right="decide",
            icon="x",
        ),
    ],
    search=[CoOwnerRequest.reason, CoOwnerRequest.customer_name],
    labels={
        CoOwnerRequest.reason: _("Why"),
        CoOwnerRequest.customer_name: _("Customer name"),
        CoOwnerRequest.owner: _("For whom"),
    },
    rights={"decide": _("Decide")},
)

relation = RecordType(
    table=CustomerRelation,
    label=_("Customer relation"),
    plural=_("Customer relations"),
    icon="affiliate",
    title=CustomerRelation.relation,
    scope=Scope.via(CustomerRelation.customer),
    template=Template(required=[CustomerRelation.customer, CustomerRelation.relation, CustomerRelation.related]),
    views=[
        ListView(
            [
                CustomerRelation.customer,
                CustomerRelation.relation,
                CustomerRelation.related,
                CustomerRelation.reverse,
                CustomerRelation.remark,
                CustomerRelation.created,
            ],
            phone=[CustomerRelation.customer, CustomerRelation.related, CustomerRelation.relation],
        )
    ],
    search=[CustomerRelation.relation, CustomerRelation.remark],
    labels={
        CustomerRelation.related: _("Related customer"),
        CustomerRelation.relation: _("Type of relation"),
        CustomerRelation.reverse: _("Read from there"),
    },
)
