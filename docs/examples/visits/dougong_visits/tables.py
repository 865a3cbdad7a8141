"""What a visit is made of; id, number, owner, department, state and version come with every record."""

from dougong.api import ForeignKey, LongText, Record, Timestamptz, Varchar
from dougong_customers.api import Contact, Customer


class Visit(Record):
    purpose = Varchar(200)
    customer = ForeignKey(Customer)
    contact = ForeignKey(Contact, null=True)
    planned_for = Timestamptz(null=True, default=None, index=True)
    outcome = LongText()
