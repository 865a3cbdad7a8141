"""Customers, the people there, what was said with them, and how customers belong together."""

from __future__ import annotations

from dougong.api import (
    Active,
    Choice,
    Date,
    Email,
    ForeignKey,
    Integer,
    LongText,
    Money,
    MultiChoice,
    Phone,
    Record,
    Staff,
    Timestamptz,
    Url,
    Varchar,
    Year,
)

from . import lookups

__all__ = ["CoOwnerRequest", "Contact", "Customer", "CustomerRelation", "Interaction", "Participant"]


class Customer(Record):
    name = Varchar(200, index=True)
    short_name = Varchar(60)
    kind = Choice(lookups.customer_kind, null=False, default="end")
    level = Choice(lookups.customer_level)
    status = Choice(lookups.customer_status)
    tags = MultiChoice(lookups.customer_tag)
    intent = Choice(lookups.intent)
    source = Choice(lookups.customer_source)
    hot_topic = Choice(lookups.hot_topic)
    industry = Varchar(60)
    organisation_type = Choice(lookups.organisation_type)
    credit_code = Varchar(18)
    employees = Integer(null=True, default=None)
    founded = Year()
    credit_limit = Money()
    province = Varchar(40)
    city = Varchar(40, index=True)
    address = Varchar(200)
    phone = Phone()
    email = Email()
    website = Url()
    last_contacted = Date(null=True, default=None, index=True)
    next_follow_up = Date(null=True, default=None, index=True)
    remark = LongText()
    former_names = LongText()
    active = Active()


class Contact(Record):
    customer = ForeignKey(Customer)
    name = Varchar(60)
    title = Varchar(60)
    role = Choice(lookups.contact_role)
    mobile = Phone(index=True)
    phone = Phone()
    email = Email()
    wechat = Varchar(60)
    birthday = Date(null=True, default=None)
    hobbies = Varchar(200)
    remark = LongText()
    active = Active()


class Interaction(Record):
    customer = ForeignKey(Customer)
    contact = ForeignKey(Contact, null=True)
    kind = Choice(lookups.interaction_type, null=False, default="call")
    happened_at = Timestamptz(index=True)
    text = LongText()
    intent = Choice(lookups.intent)
    hot_topic = Choice(lookups.hot_topic)
    next_step = Varchar(200)
    follow_up = Date(null=True, default=None)


class Participant(Record):
    """Somebody who took part in an interaction: a contact, a colleague, or whoever else is named."""

    interaction = ForeignKey(Interaction)
    contact = ForeignKey(Contact, null=True)
    colleague = ForeignKey(Staff, null=True)
    name = Varchar(60)


class CoOwnerRequest(Record):
    """Its owner asks to own a customer together with whoever owns it. The name stands for one they can't see."""

    reason = Varchar(200)
    customer = ForeignKey(Customer, null=True)
    customer_name = Varchar(200)
    decision = Choice(lookups.DECISIONS, null=False, default="open", index=True)
    decided_by = ForeignKey(Staff, null=True)
    decided_on = Date(null=True, default=None)
    answer = Varchar(200)


class CustomerRelation(Record):
    """Read from the customer to the related one: the customer deals for, owns, supplies … the related.

    `reverse` is the same read from the related one: it has a dealer, belongs to, is supplied by … the customer.
    """

    customer = ForeignKey(Customer)
    relation = Choice(lookups.customer_relation, null=False)
    related = ForeignKey(Customer)
    reverse = Choice(lookups.reverse_relation)
    remark = Varchar(200)
