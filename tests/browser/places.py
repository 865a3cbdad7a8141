"""The pages the administrator reaches, by name; each is looked at and its controls are pressed."""

from __future__ import annotations

TABS = (
    "contacts.customer",
    "interactions.customer",
    "customer-relations.customer",
    "customer-relations.related",
    "co-owner-requests.customer",
    "visits.customer",
)

PLACES = {
    "home": "/",
    "customers": "/customers",
    "customers-filtered": "/customers?f=city&o=contains&v=杭州&g=0&f=kind&o=%3D&v=channel&g=1",
    "nothing-found": "/customers?q=zzzzzz",
    "contacts": "/contacts",
    "customer": "/customers/1",
    "customer-history": "/customers/1?tab=history",
    "customer-attachments": "/customers/1?tab=attachments",
    **{f"customer-{tab.partition('.')[0]}-{tab.partition('.')[2]}": f"/customers/1?tab={tab}" for tab in TABS},
    "contact": "/contacts/1",
    "relation": "/customer-relations/1",
    "visit-new": "/visits/new",
    "end-customer-new": "/customers/new?kind=end",
    "channel-customer-new": "/customers/new?kind=channel",
    "customer-edit": "/customers/1/edit",
    "plugins": "/plugins",
    "plugin-off": "/plugins/customers",
    "organisation": "/organisation",
    "roles": "/roles",
    "role": "/roles/2",
    "role-fields": "/roles/3/fields/customers",
    "groups": "/groups",
    "explain": "/explain?record=customers/1",
    "lookups": "/lookups",
    "lookup": "/lookups/customer_source",
    "fields": "/fields/customers?category=channel",
    "field-new": "/fields/customers/new?kind=choice",
    "settings": "/settings/customers",
    "search": "/search?q=hy",
    "password": "/password",
    "changes": "/changes",
    "sessions": "/sessions",
    "token-new": "/sessions/tokens/new",
}
