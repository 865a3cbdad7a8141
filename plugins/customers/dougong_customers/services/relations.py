"""How customers belong together."""

from __future__ import annotations

from collections.abc import Sequence

from dougong_customers.tables import Customer, CustomerRelation

__all__ = ["related_customers_of"]


async def related_customers_of(customer: Customer) -> Sequence[int]:
    """The ids of the customers on record as related, whichever of the two the relation was written on."""
    ours, theirs = CustomerRelation.customer == customer.id, CustomerRelation.related == customer.id
    relations = await CustomerRelation.select(CustomerRelation.customer, CustomerRelation.related).where(ours | theirs)
    ends = {end for row in relations for end in (row["customer"], row["related"])}
    return sorted(ends - {customer.id})
