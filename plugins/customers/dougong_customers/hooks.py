"""What customers add to the saving of records."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from dougong.api import RecordType, entry_point, hook, remark, settings_of, today

from . import records, services
from .errors import CustomerNotNamed, NameNotAllowed, RelatedToItself
from .former_names import FormerName, read_former_names, write_former_names
from .lookups import SHIPPED_REVERSES
from .names import charset_problem, same_name
from .settings import CustomerSettings

__all__ = ["before_save", "record_changed"]


@hook(of=(records.customer, records.relation, records.co_owner_request))
def before_save(record_type: RecordType, old: Mapping[str, Any] | None, new: MutableMapping[str, Any]) -> None:
    if record_type is records.customer:
        check_name(old["name"] if old else "", new["name"] or "")
        if old and new["name"]:
            put_name_aside(old, new)
    if record_type is records.relation:
        check_relation(old, new)
    if record_type is records.co_owner_request and not (new["customer"] or (new["customer_name"] or "").strip()):
        raise CustomerNotNamed


@hook(of=(records.interaction, records.co_owner_request))
async def record_changed(record_type: RecordType, verb: str, ids: Sequence[int]) -> None:
    if record_type is records.interaction and verb != "remove":
        await services.note_contact(ids)
    if record_type is records.co_owner_request and verb == "create":
        await services.find_customers_asked_for(ids)


def put_name_aside(old: Mapping[str, Any], new: MutableMapping[str, Any]) -> None:
    """The name a customer had joins its former ones, unless these are written together with the new name."""
    if not same_name(old["name"], new["name"]) and new["former_names"] == old["former_names"]:
        former = [*read_former_names(old["former_names"]), FormerName(old["name"], today())]
        new["former_names"] = write_former_names(former)


def check_relation(old: Mapping[str, Any] | None, new: MutableMapping[str, Any]) -> None:
    """Two ends that differ; a type of relation that is shipped is read from the other side by its own words."""
    if new["customer"] and new["customer"] == new["related"]:
        raise RelatedToItself(new["customer"])
    said, before = (new["relation"], new["reverse"]), (old["relation"], old["reverse"]) if old else (None, None)
    if new["reverse"] is None or (said[0] != before[0] and said[1] == before[1]):
        new["reverse"] = new["relation"] if new["relation"] in SHIPPED_REVERSES else None


def check_name(old: str, new: str) -> None:
    """A name that stays as it is needs no second look: it may have come in while the rule was milder."""
    words = charset_problem(new) if new != old else None
    severity = settings_of(CustomerSettings).name_rule_at(entry_point()) if words else "allow"
    if words and severity != "allow":
        refused = NameNotAllowed(new, words)
        if severity == "refuse":
            raise refused
        remark(refused.problems[0])
