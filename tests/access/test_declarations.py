"""A record type nobody could ever see, or whose rule leads in a circle, does not start."""

from __future__ import annotations

import pytest

from dougong.access.policies import check_scope
from dougong.db.columns import ForeignKey, Varchar
from dougong.i18n import _
from dougong.plugin.manifest import BadPlugin
from dougong.records.tables import Record, Row
from dougong.records.types import RecordType, Scope


class AccLoose(Row):
    name = Varchar(50)
    above = ForeignKey("self", null=True)


class AccOwned(Record):
    name = Varchar(50)
    loose = ForeignKey(AccLoose)


def declared(table, scope):
    return RecordType(table=table, label=_("X"), plural=_("Xs"), title=table.name, scope=scope)


@pytest.mark.parametrize(
    ("table", "scope", "why"),
    [
        (AccLoose, Scope(()), "no scope"),
        (AccLoose, Scope.owner, "owner"),
        (AccLoose, Scope.role, "owner"),
        (AccLoose, Scope.via(AccOwned.loose), "another table"),
        (AccLoose, Scope.via(AccLoose.above), "leads back"),
    ],
)
def test_an_unusable_scope_is_refused_by_name(table, scope, why):
    with pytest.raises(BadPlugin, match=f"acc_loose.*{why}"):
        check_scope(declared(table, scope))


@pytest.mark.parametrize(
    "scope", [Scope.role, Scope.owner, Scope.everyone, Scope.via(AccOwned.loose), Scope.role | Scope.owner]
)
def test_usable_scopes_pass(scope):
    check_scope(declared(AccOwned, scope))
