"""Fields a role hides or only shows: the most generous of the roles with a say decides."""

from __future__ import annotations

import datetime as dt

import pytest
from piccolo.query.functions.aggregate import Sum

from dougong.access.fields import HIDDEN, READ, WRITE, field_level
from dougong.access.principal import acting_as, system
from dougong.access.services import set_fields
from dougong.errors import Invalid
from dougong.records import desk
from dougong.records.history import history_of
from dougong.records.values import read_values

FIELD = "acc_deal.worth"


@pytest.fixture
async def office(house):
    await house.department("sales")
    await house.person("me", "sales")
    await house.make(house.types["deal"].table, name="d", worth=500, owner=house.staff["me"])
    return house


async def role(office, name, level, record="deal"):
    made = await office.role(name, {(record, "read"): ["own"]} if record == "deal" else {(record, "edit"): ["all"]})
    if level != "write":
        with acting_as(system("test")):
            await set_fields(made, {FIELD: level})
    return made


@pytest.mark.parametrize(
    ("levels", "best"),
    [
        (["hidden"], "hidden"),
        (["hidden", "hidden"], "hidden"),
        (["hidden", "read"], "read"),
        (["read", "read"], "read"),
        (["hidden", "write"], "write"),
        (["hidden", "read", "write"], "write"),
    ],
)
async def test_the_most_generous_role_decides(office, levels, best):
    await office.give("me", *[await role(office, f"r{i}", level) for i, level in enumerate(levels)])
    me = await office.as_("me")
    assert (FIELD in me.hidden, FIELD in me.readonly) == (best == "hidden", best == "read")
    with acting_as(me):
        [worth] = [row["worth"] for row in await office.types["deal"].table.select()]
    assert worth == (None if best == "hidden" else 500)


async def test_a_role_without_a_say_on_the_type_does_not_uncover_it(office):
    await office.give("me", await role(office, "hides", "hidden"), await role(office, "rooms", "write", "room"))
    assert FIELD in (await office.as_("me")).hidden


async def test_nothing_is_hidden_from_an_administrator(office):
    await office.give("me", await role(office, "hides", "hidden"), await office.standard("admin"))
    assert not (await office.as_("me")).hidden


# ------------------------------------------------------------------ by the state of the record


@pytest.fixture
async def offers(house):
    """Three offers of mine, one in each state."""
    await house.department("sales")
    await house.person("me", "sales")
    table = house.types["offer"].table
    with acting_as(system("test")):
        for number, steps in enumerate(([], ["sent"], ["sent", "won"])):
            values = {"name": f"o{number}", "price": 100 + number, "valid": dt.date(2026, 1, 1 + number)}
            [made] = await desk.create_many(table, [{**values, "owner": house.staff["me"]}])
            offer = await desk.get(table, made)
            for step in steps:
                offer = await desk.move(offer, step)
    return house


async def offer_role(office, name, fields):
    made = await office.role(name, {("offer", a): ["own"] for a in ("read", "create", "edit")})
    with acting_as(system("test")):
        await set_fields(made, {f"acc_offer.{field}": level for field, level in fields.items()})
    return made


def seen(rows, key):
    return {row["state"]: row[key] for row in rows}


async def test_a_field_is_hidden_in_one_state_only(offers):
    await offers.give("me", await offer_role(offers, "r", {"price@draft": "hidden", "valid@sent": "hidden"}))
    me, table = await offers.as_("me"), offers.types["offer"].table
    assert (me.hidden, me.hidden_but_in["acc_offer.price"]) == (frozenset(), frozenset({"sent", "won"}))
    with acting_as(me):
        rows = await table.select()
        assert seen(rows, "price") == {"draft": None, "sent": 101, "won": 102}
        assert seen(rows, "valid") == {"draft": dt.date(2026, 1, 1), "sent": None, "won": dt.date(2026, 1, 3)}
        assert [row["name"] for row in await table.select().where(table.price >= 100)] == ["o1", "o2"]
        assert [row["name"] for row in await table.select().where(table.valid < dt.date(2026, 1, 3))] == ["o0"]
        assert await table.select(Sum(table.price)) == [{"sum": 203}]


async def test_a_field_is_shown_in_one_state_only(offers):
    await offers.give("me", await offer_role(offers, "r", {"price": "hidden", "price@won": "read"}))
    me, table = await offers.as_("me"), offers.types["offer"].table
    with acting_as(me):
        assert seen(await table.select(), "price") == {"draft": None, "sent": None, "won": 102}
    assert "acc_offer.price" in me.readonly


async def test_in_each_state_the_most_generous_role_decides(offers):
    one = await offer_role(offers, "one", {"price": "hidden", "price@draft": "write"})
    other = await offer_role(offers, "other", {"price": "read", "price@won": "hidden"})
    await offers.give("me", one, other)
    me = await offers.as_("me")
    levels = {state: field_level(me, "acc_offer.price", state) for state in ("draft", "sent", "won")}
    assert levels == {"draft": WRITE, "sent": READ, "won": HIDDEN}


async def test_what_is_held_back_in_this_state_can_not_be_sent(offers):
    fields = {"price@draft": "read", "remark@draft": "hidden"}
    await offers.give("me", await offer_role(offers, "r", fields))
    me, offer_type = await offers.as_("me"), offers.types["offer"]
    with acting_as(me):
        draft, sent, _won = await offer_type.table.objects().order_by(offer_type.table.id)
        assert read_values(offer_type, {"price": 5, "remark": "x"}, me, record=sent) == {"price": 500, "remark": "x"}
        for record in (draft, None):
            with pytest.raises(Invalid) as refused:
                read_values(offer_type, {"price": 5, "remark": "x"}, me, record=record)
            assert {p.field: p.rule for p in refused.value.problems} == {"price": "readonly", "remark": "unknown"}


async def test_history_leaves_out_what_was_hidden_when_it_was_written(offers):
    await offers.give("me", await offer_role(offers, "r", {"price@draft": "hidden"}))
    offer_type = offers.types["offer"]
    with acting_as(await offers.as_("me")):
        won = await offer_type.table.objects().where(offer_type.table.state == "won").first()
        for entry in await history_of(offer_type, won):
            assert not {"price"} & {*entry.before, *entry.after}


@pytest.mark.parametrize(
    ("name", "level", "rule"),
    [
        ("acc_offer.price@lost", "hidden", "unknown"),
        ("acc_offer.price@", "hidden", "unknown"),
        ("acc_deal.worth@draft", "hidden", "unknown"),
        ("acc_offer.price", "write", "choice"),
        ("acc_offer.price@won", "all", "choice"),
        ("acc_offer.state@won", "hidden", "unknown"),
    ],
)
async def test_a_level_that_means_nothing_is_refused(offers, name, level, rule):
    with acting_as(system("test")), pytest.raises(Invalid) as refused:
        await set_fields(await offers.role("r", {}), {name: level})
    assert [p.rule for p in refused.value.problems] == [rule]
