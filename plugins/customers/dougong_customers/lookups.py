"""The lists of choices the administrator keeps. What stands here is how they start."""

from __future__ import annotations

from dougong.api import Lookup, Option, _

__all__ = [
    "DECISIONS",
    "LOOKUPS",
    "SHIPPED_REVERSES",
    "contact_role",
    "customer_kind",
    "customer_level",
    "customer_relation",
    "customer_source",
    "customer_status",
    "customer_tag",
    "hot_topic",
    "intent",
    "interaction_type",
    "organisation_type",
    "reverse_relation",
]

customer_kind = Lookup(
    "customer_kind",
    _("Main categories of customers"),
    [Option("channel", _("Channel customer"), "vio"), Option("end", _("End customer"))],
)

organisation_type = Lookup(
    "organisation_type",
    _("Types of organisation"),
    [
        Option("private", _("Private company")),
        Option("state_owned", _("State-owned company")),
        Option("foreign", _("Foreign-invested company")),
        Option("government", _("Government")),
        Option("institution", _("Public institution")),
        Option("other", _("Other")),
    ],
)

customer_tag = Lookup(
    "customer_tag",
    _("Customer tags"),
    [
        Option("vip", _("VIP"), "pri"),
        Option("partner", _("Strategic partner")),
        Option("reference", _("Reference customer")),
        Option("slow_payer", _("Pays late"), "warn"),
    ],
)

customer_level = Lookup(
    "customer_level",
    _("Customer levels"),
    [
        Option("key", _("Key"), "pri"),
        Option("important", _("Important")),
        Option("regular", _("Regular")),
        Option("small", _("Small")),
    ],
)

customer_source = Lookup(
    "customer_source",
    _("Customer sources"),
    [
        Option("referral", _("Referral")),
        Option("exhibition", _("Exhibition")),
        Option("website", _("Website")),
        Option("search", _("Search engine")),
        Option("cold_call", _("Cold call")),
        Option("channel", _("Channel partner")),
        Option("tender", _("Tender notice")),
        Option("other", _("Other")),
    ],
)

customer_status = Lookup(
    "customer_status",
    _("Customer states"),
    [
        Option("prospect", _("Prospect")),
        Option("in_talks", _("In talks"), "pri"),
        Option("won", _("Dealing with us"), "ok"),
        Option("dormant", _("Dormant"), "warn"),
        Option("lost", _("Lost"), "bad"),
    ],
)

intent = Lookup(
    "customer_intent",
    _("Intents"),
    [
        Option("high", _("Wants to buy soon"), "ok"),
        Option("medium", _("Compares offers"), "pri"),
        Option("low", _("Just looking")),
        Option("none", _("No need now")),
    ],
)

hot_topic = Lookup(
    "hot_topic",
    _("Hot-topic classes"),
    [
        Option("price", _("Price")),
        Option("quality", _("Quality")),
        Option("delivery", _("Delivery time")),
        Option("after_sales", _("After-sales service")),
        Option("technology", _("Technology")),
        Option("payment", _("Terms of payment")),
        Option("competitor", _("Competitors")),
    ],
)

customer_relation = Lookup(
    "customer_relation",
    _("Types of relation"),
    [
        Option("dealer_of", _("Deals for")),
        Option("parent_of", _("Parent company of")),
        Option("partner_of", _("Partner of")),
        Option("supplier_of", _("Supplies")),
        Option("competitor_of", _("Competes with")),
    ],
)

reverse_relation = Lookup(
    "customer_relation_reverse",
    _("Types of relation, read from the other side"),
    [
        Option("dealer_of", _("Has as dealer")),
        Option("parent_of", _("Belongs to")),
        Option("partner_of", _("Partner of")),
        Option("supplier_of", _("Supplied by")),
        Option("competitor_of", _("Competes with")),
    ],
)

SHIPPED_REVERSES = frozenset(option.key for option in reverse_relation.options)

interaction_type = Lookup(
    "interaction_type",
    _("Types of interaction"),
    [
        Option("call", _("Phone call")),
        Option("visit", _("Visit")),
        Option("meeting", _("Meeting")),
        Option("wechat", _("WeChat")),
        Option("email", _("E-mail")),
        Option("exhibition", _("Exhibition")),
        Option("other", _("Other")),
    ],
)

contact_role = Lookup(
    "contact_role",
    _("Roles of contacts"),
    [
        Option("decides", _("Decides"), "bad"),
        Option("buys", _("Buys"), "warn"),
        Option("uses", _("Uses it"), "pri"),
        Option("advises", _("Advises on technology")),
        Option("pays", _("Pays")),
    ],
)

DECISIONS = (
    Option("open", _("Waiting"), "warn"),
    Option("granted", _("Granted"), "ok"),
    Option("refused", _("Refused"), "bad"),
)
"""What became of a request; the company can't add to these."""

LOOKUPS = [
    customer_kind,
    organisation_type,
    customer_level,
    customer_source,
    customer_status,
    customer_tag,
    intent,
    hot_topic,
    customer_relation,
    reverse_relation,
    interaction_type,
    contact_role,
]
