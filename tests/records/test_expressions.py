"""Conditions and formulas: what each sign and function gives for each kind, empty values included, and how a wrong one is
refused."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dougong.db.columns import Integer, Money, Number, Varchar
from dougong.errors import Invalid
from dougong.i18n import speaking
from dougong.records.expressions import Expression, Mistake, compile_expression, render
from dougong.records.expressions.functions import FUNCTIONS
from dougong.records.expressions.values import KIND_OF_FIELD
from dougong_customers.plugin import plugin as customers

from .cards import BLANK, CARDS, FILLED, NOW, Cards, field

DOCS = Path(__file__).parents[2] / "docs" / "expressions.md"


def compiled(text: str, cards: Any = CARDS, **wants: Any) -> Expression:
    return compile_expression(text, cards, **wants)


def value(text: str, values: Any = FILLED, **asked: Any) -> Any:
    return compiled(text)(values, now=NOW, me=3, **asked)


def mistakes(text: str, cards: Any = CARDS, **wants: Any) -> list[Mistake]:
    with pytest.raises(Invalid) as wrong:
        compiled(text, cards, **wants)
    assert {(p.field, p.rule) for p in wrong.value.problems} == {("expression", "expression")}
    return list(wrong.value.problems)


def words(text: str, cards: Any = CARDS, **wants: Any) -> str:
    with speaking("en"):
        return " / ".join(str(mistake.message) for mistake in mistakes(text, cards, **wants))


# ---------------------------------------------------------------------- what comes out


@pytest.mark.parametrize(
    "text, kind, result",
    [
        # numbers are exact
        ("1 + 2 * 3", "number", 7),
        ("(1 + 2) * 3", "number", 9),
        ("7 / 2", "number", Decimal("3.5")),
        ("1 / 3 * 3 == 1", "yes_no", True),
        ("0.1 + 0.2 == 0.3", "yes_no", True),
        ("1 / 3", "number", Decimal("0.3333333333")),
        ("-2 / 3", "number", Decimal("-0.6666666667")),
        ("7 // 2", "number", 3),
        ("-7 // 2", "number", -4),
        ("-7 % 3", "number", 2),
        ("7.5 % 2", "number", Decimal("1.5")),
        ("10 - 2 - 3", "number", 5),
        ("+employees - -1", "number", 43),
        ("employees * weight", "number", Decimal("52.5")),
        ("founded + 1", "number", 2000),
        ("x_first * x_second", "number", -15),
        ("5 / 0", "number", None),
        ("5 // 0", "number", None),
        ("5 % (x_first - 5)", "number", None),
        ("999999999999999999 * 999999999999999999", "number", None),
        # amounts, in the minor unit
        ("credit + paid", "money", 1_333_333),
        ("credit - 0.01", "money", 999_999),
        ("1 + credit", "money", 1_000_100),
        ("credit * 1.5", "money", 1_500_000),
        ("0.5 * credit", "money", 500_000),
        ("credit / 3", "money", 333_333),
        ("credit / 3 * 3 == credit", "yes_no", True),
        ("credit * 0.0000005", "money", 1),
        ("credit / paid", "number", Decimal("3.0000030000")),
        ("credit / 0", "money", None),
        ("-paid", "money", -333_333),
        ("yen * 1.5", "money", 1050),
        ("yen / 3", "money", 233),
        ("export > 499.99 and export <= 500", "yes_no", True),
        ("credit == 10000", "yes_no", True),
        ("credit in (1, 10000)", "yes_no", True),
        ("credit if vip else 0", "money", 1_000_000),
        ("0 if vip else credit", "money", 0),
        # comparisons
        ("employees > 41 and employees < 43", "yes_no", True),
        ("1 < employees <= 42 < 50", "yes_no", True),
        ("1 < employees < 42", "yes_no", False),
        ("employees != 42 or employees == 42", "yes_no", True),
        ("not employees >= 42", "yes_no", False),
        ("employees in (1, 42)", "yes_no", True),
        ("employees in (42)", "yes_no", True),
        ("employees not in (1, 42)", "yes_no", False),
        ('name == "宏远机械"', "yes_no", True),
        ("name == city", "yes_no", False),
        ('name in ("x", city, "宏远机械")', "yes_no", True),
        ("vip", "yes_no", True),
        ("vip == true and vip != false", "yes_no", True),
        ("vip and not vip", "yes_no", False),
        ('signed == "2026-01-31"', "yes_no", True),
        ('signed <= "2026/01/31" and not signed < "2026/01/31"', "yes_no", True),
        ('visited > "2026-10-01 01:29"', "yes_no", True),
        ('visited > "2026-10-01 01:30"', "yes_no", False),
        ('visited == "2026-10-01"', "yes_no", True),
        ("visited > signed", "yes_no", True),
        ('opens < "10:00"', "yes_no", True),
        ('opens == "9:30"', "yes_no", True),
        ("level == 'A'", "yes_no", True),
        ('level == "重点"', "yes_no", True),
        ('level in ("B", "重点")', "yes_no", True),
        ('level not in ("B", "C")', "yes_no", True),
        ("level == level_before", "yes_no", False),
        ("owner == me", "yes_no", True),
        ("keeper == me", "yes_no", False),
        ("owner == keeper or empty(department)", "yes_no", False),
        ("department == department", "yes_no", True),
        # choosing
        ('"x" if employees > 50 else "y" if employees > 40 else "z"', "text", "y"),
        ("signed if vip else empty", "date", dt.date(2026, 1, 31)),
        ("empty if vip else signed", "date", None),
        ('level if vip else "B"', "choice", "A"),
        # dates
        ("today()", "date", dt.date(2026, 11, 24)),
        ("now()", "datetime", NOW),
        ("year(signed) * 10000 + month(signed) * 100 + day(signed)", "number", 20260131),
        ("month(visited)", "number", 10),
        ("days_between(signed, visited)", "number", 243),
        ("days_between(visited, signed)", "number", -243),
        ("add_days(signed, 1)", "date", dt.date(2026, 2, 1)),
        ("add_days(signed, -31.9)", "date", dt.date(2025, 12, 31)),
        ("add_days(visited, 1)", "datetime", dt.datetime(2026, 10, 1, 17, 30, tzinfo=dt.UTC)),
        ("add_months(signed, 1)", "date", dt.date(2026, 2, 28)),
        ("add_months(signed, -11)", "date", dt.date(2025, 2, 28)),
        ("add_months(visited, 5)", "datetime", dt.datetime(2027, 2, 28, 17, 30, tzinfo=dt.UTC)),
        ('add_days("2026-12-31", 1)', "date", dt.date(2027, 1, 1)),
        ("add_days(signed, 9999999)", "date", None),
        ("add_months(signed, 999999)", "date", None),
        ("add_days(signed, 1 / 0)", "date", None),
        # numbers by functions
        ("round(2.5)", "number", 3),
        ("round(-2.5)", "number", -3),
        ("round(2.345, 2)", "number", Decimal("2.35")),
        ("round(credit / 3, 0)", "money", 333_300),
        ("floor(-2.5)", "number", -3),
        ("floor(paid)", "money", 333_300),
        ("abs(x_second)", "number", 3),
        ("min(employees, 5, x_second)", "number", -3),
        ("max(credit, paid, 3)", "money", 1_000_000),
        ("max(signed, today())", "date", dt.date(2026, 11, 24)),
        ("min(empty, 5)", "number", 5),
        # texts
        ("length(name)", "number", 4),
        ("lower(remark)", "text", "good payer\nsince 1999"),
        ('contains(remark, "good")', "yes_no", True),
        ('contains(name, "杭")', "yes_no", False),
        ('starts(phone, "0571")', "yes_no", True),
        ('starts(email, "HONG")', "yes_no", False),
        (
            'join("-", name, employees, weight, credit, signed, opens)',
            "text",
            "宏远机械-42-1.25-10000-2026-01-31-09:30",
        ),
        ('join(" ", city, name, 0.5)', "text", "杭州 宏远机械 0.5"),
        ('join("", "a", "b")', "text", "ab"),
        ('contains(tags, "new") and contains(tags, "外地")', "yes_no", True),
        ("tags", "choices", '["far","new"]'),
        # empty
        ("empty(name)", "yes_no", False),
        ("empty(5 / 0)", "yes_no", True),
        ("if_empty(5 / 0, 1)", "number", 1),
        ('if_empty(name, "-")', "text", "宏远机械"),
        ('if_empty(level, "D")', "choice", "A"),
    ],
)
def test_what_an_expression_comes_to(text: str, kind: str, result: Any):
    expression = compiled(text)
    found = expression(FILLED, now=NOW, me=3)
    assert (expression.kind, found, type(found)) == (kind, result, type(result))


@pytest.mark.parametrize(
    "text, result",
    [
        ("employees + 1", None),
        ("credit * 2", None),
        ("-credit", None),
        ("employees > 0", False),
        ("employees == 0", False),
        ("employees == employees", False),
        ("employees != 0", True),
        ("employees in (0, 1)", False),
        ("employees not in (0, 1)", True),
        ('level == "A"', False),
        ('level != "A"', True),
        ("not (employees > 0)", True),
        ("vip", None),
        ("not vip", True),
        ("vip or empty(vip)", True),
        ("vip and true", False),
        ('"a" if vip else "b"', "b"),
        ("owner == me", False),
        ("year(signed)", None),
        ("days_between(signed, today())", None),
        ("round(credit, 2)", None),
        ("min(employees, 7, x_first)", 7),
        ("max(employees, x_first)", None),
        ("length(name)", 0),
        ("lower(name)", None),
        ('contains(name, "a")', False),
        ('contains(tags, "new")', False),
        ('join(", ", name, city)', None),
        ('join(", ", name, "x", employees, "y")', "x, y"),
        ("empty(name) and empty(level) and empty(credit) and empty(tags) and empty(owner)", True),
        ("if_empty(employees, 0)", 0),
        ("if_empty(signed, today())", dt.date(2026, 11, 24)),
        ('if_empty(name, "?")', "?"),
    ],
)
def test_what_is_empty_stays_empty_and_compares_as_no(text: str, result: Any):
    assert value(text, BLANK) == result
    assert value(text, {}) == result


def test_blanks_alone_are_empty():
    assert value("empty(name)", {"name": " \u3000"}) is True


def test_me_is_whoever_asks_and_nobody_is_nobody():
    owned = compiled("owner == me")
    assert owned.uses_me
    assert [owned({"owner": 3}, me=who) for who in (3, 4, None)] == [True, False, False]
    assert owned({"owner": None}, me=None) is False


def test_the_company_s_zone_decides_what_day_it_is():
    with speaking("en", ZoneInfo("America/New_York")):
        assert value("today()") == dt.date(2026, 11, 23)
        assert value("day(visited)") == 30
        assert value('visited == "2026-09-30 13:30"') is True


def test_what_is_read_of_a_record_is_known():
    expression = compiled('{客户名称} == "x" or employees > {员工人数} or today() > signed')
    assert expression.fields == ("name", "employees", "signed")
    assert expression.uses_clock
    assert not expression.uses_me
    assert not compiled("employees > 1").uses_clock


# ---------------------------------------------------------------------- the field that holds the result


@pytest.mark.parametrize(
    "text, column, result",
    [
        ("employees / 4", Number(places=2), 1050),
        ("2 / 3", Number(places=2), 67),
        ("-0.005", Number(places=2), -1),
        ("employees / 4", Integer(), 11),
        ("2000000000 + 2000000000", Integer(), None),
        ("2000000000 + 2000000000", Number(), 4_000_000_000),
        ("5", Money(), 500),
        ("export / 3", Money("USD"), 16_667),
        ('join("", name, name)', Varchar(6), "宏远机械宏远"),
    ],
)
def test_a_result_is_what_the_column_of_its_field_stores(text: str, column: Any, result: Any):
    expression = compiled(text, wants=field("x_sum", column, "合计"))
    assert expression(FILLED, now=NOW) == result


def test_a_condition_must_be_yes_or_no():
    assert value('level == "A"') is compiled('level == "A"', wants="yes_no")(FILLED)
    assert "This is a number, but yes or no is needed." in words("employees", wants="yes_no")
    assert "This is an amount of money (USD), but an amount of money (CNY) is needed." in words(
        "export", wants=field("x_sum", Money(), "合计")
    )


def test_every_kind_of_field_can_be_read():
    for key, used in CARDS.fields.items():
        name = f"{{{key}}}"
        assert compiled(f"empty({name})")(FILLED) is False, key
        assert compiled(name).kind == KIND_OF_FIELD[used.kind]
        stored = compiled(name, wants=used)(FILLED)
        assert stored == FILLED[key], key


# ---------------------------------------------------------------------- names and labels


def test_fields_are_named_by_key_or_label_and_kept_by_key():
    written = '｛客户名称｝ == "A" and {详细 地址} != "b" and 客户等级 == “重点” and level in (\'A\', "重点") and { city } == "c"'
    kept = 'name == "A" and address != "b" and level == "A" and level in (\'A\', "A") and city == "c"'
    kept = kept.replace("in ('A', ", 'in ("A", ')
    assert compiled(written).source == kept
    assert compiled(kept).source == kept


def test_the_present_labels_come_back():
    expression = compiled('level == "A" and {城市} == "A" and x_first > 1 and level != "B"')
    shown = '{客户等级} == "重点" and {城市} == "A" and x_first > 1 and {客户等级} != "B"'
    assert render(expression, CARDS) == shown
    assert compiled(shown).source == expression.source


def test_a_renamed_label_keeps_an_expression_working():
    expression = compiled('{客户等级} == "A"')
    renamed = CARDS.renamed("level", "Stufe")
    again = compile_expression(expression.source, renamed)
    assert again(FILLED) is True
    assert render(again, renamed) == '{Stufe} == "重点"'
    assert "There is no such field." in words('{客户等级} == "A"', renamed)


def test_a_label_that_became_another_field_s_key_gives_way_to_the_key():
    renamed = CARDS.renamed("city", "name")
    assert compiled("{name}", renamed).fields == ("name",)
    assert render(compiled("city", renamed), renamed) == "city"


def test_a_label_without_braces_never_passes_for_a_key():
    renamed = CARDS.renamed("city", "town").without("name")
    assert compiled("{town}", renamed).fields == ("city",)
    assert "There is no such field." in words("town", renamed)


def test_labels_and_choices_are_those_of_the_reader_s_language():
    [customer] = [r for r in customers.records if r.key == "customer"]
    chinese = compile_expression('{级别} == "重点" and empty({信用额度})', customer)
    assert chinese.source == 'level == "key" and empty(credit_limit)'
    with speaking("en"):
        english = compile_expression(chinese.source, customer)
        assert render(english, customer) == '{Level} == "Key" and empty({Credit limit})'
        assert compile_expression(render(english, customer), customer).source == chinese.source


def test_a_field_named_like_a_word_of_the_language_stands_in_braces():
    assert compiled("{me}").source == "{me}"
    assert value("{me}") == "wo"
    assert compiled('{我} == "wo"').source == '{me} == "wo"'
    assert value("year + year(signed)") == 2024 + 2026


def test_signs_of_a_chinese_input_method_are_understood():
    assert value("（1 ＋ 2）×3 ≥ 9 and contains（name，“宏远”） and 6÷3＝＝2 and 1≠2") is True
    assert compiled("（1 ＋ 2）×3").source == "(1 + 2)*3"
    assert value('join("，", "（", "x")') == "（，x"


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "text, place, word, rule",
    [
        ("", 1, "", "Write an expression."),
        (" \n", 1, "", "Write an expression."),
        ("nme == 'x'", 1, "nme", "There is no such field. Did you mean name"),
        ("1 + emploees", 5, "emploees", "Did you mean employees"),
        ("{客户等及} == 1", 1, "{客户等及}", "Did you mean {客户等级}"),
        ("today > signed", 1, "today", "Did you mean today(…)"),
        ("{数量} > 1", 1, "{数量}", "Several fields are called that; write one of: x_first, x_second."),
        ('level == "Z"', 10, '"Z"', "This is not one of the choices."),
        ('level == "重要"', 10, '"重要"', "Did you mean 重点"),
        ('level == "普通"', 10, '"普通"', "Several choices are called that; write one of: B, C."),
        ('contains(tags, "old")', 16, '"old"', "This is not one of the choices."),
        ("contains(tags, name)", 16, "name", "This is a text, but a choice is needed."),
        ("level == source", 10, "source", "a choice can't be compared with a choice."),
        ("level > 'A'", 1, "level", "a choice can only be compared by ==, != and in."),
        ("name < city", 1, "name", "a text can only be compared by ==, != and in."),
        ("name == 5", 9, "5", "a text can't be compared with a number."),
        ("credit == export", 11, "export", "an amount of money (CNY) can't be compared with an amount of money (USD)."),
        ("owner == department", 10, "department", "a person can't be compared with a department."),
        ("owner == 3", 10, "3", "a person can't be compared with a number."),
        ("name == ''", 9, "''", "A comparison with empty is always no; write empty(…)."),
        ("name == empty", 9, "empty", "write empty(…)"),
        ("employees + empty", 13, "empty", "Whatever is calculated with empty is empty."),
        ("empty", 1, "empty", "Nothing would ever come out but empty."),
        ("credit + export", 10, "export", "Amounts in CNY and USD can't be calculated together."),
        ("credit + employees", 10, "employees", "“+” can't join an amount of money (CNY) and a number."),
        ("credit * paid", 10, "paid", "“*” can't join"),
        ("1 / credit", 5, "credit", "“/” can't join"),
        ("credit // 2", 11, "2", "“//” can't join"),
        ("name + city", 8, "city", "Texts are put together by join"),
        ("signed + 1", 10, "1", "Dates are calculated with by add_days"),
        ("signed - signed", 10, "signed", "days_between"),
        ("-name", 2, "name", "This is a text, but a number / an amount of money is needed."),
        ("not employees", 5, "employees", "This is a number, but yes or no is needed."),
        ("employees and vip", 1, "employees", "This is a number, but yes or no is needed."),
        ("1 if employees else 2", 6, "employees", "This is a number, but yes or no is needed."),
        ("1 if vip else 'x'", 15, "'x'", "This is a text, but a number is needed."),
        ("if_empty(signed, visited)", 18, "visited", "This is a date and time, but a date is needed."),
        ('signed == "morgen"', 11, '"morgen"', "“morgen” is not a date (write 2026-09-30)."),
        ('signed == "2026-02-30"', 11, '"2026-02-30"', "is not a date"),
        ('opens == "25:00"', 10, '"25:00"', "is not a time of the day"),
        ("lenght(name)", 1, "lenght", "There is no such function. Did you mean length?"),
        ("year()", 1, "year", "year takes 1 values."),
        ("days_between(signed)", 1, "days_between", "days_between takes 2 values."),
        ("round(1, 2, 3)", 1, "round", "round takes 1 to 2 values."),
        ("min()", 1, "min", "min takes at least 1 values."),
        ("round(1.5, employees)", 12, "employees", "This must be written out here, not calculated."),
        ("round(1.5, 11)", 12, "11", "Write a whole number from 0 to 10."),
        ("round(1.5, 0.5)", 12, "0.5", "Write a whole number from 0 to 10."),
        ("join(name, city, city)", 6, "name", "This must be written out here, not calculated."),
        ("join(',', level)", 11, "level", "This is a choice, but"),
        ("name = 'x'", 6, "=", "Write == to ask whether two values are equal."),
        ("1 <> 2", 3, "<>", "Write != to ask whether two values differ."),
        ("vip && vip", 5, "&&", "Write “and”."),
        ("vip || vip", 5, "||", "Write “or”."),
        ("!vip", 1, "!", "Write “not”."),
        ("2 ** 3", 3, "**", "Powers are not calculated."),
        ("2 ^ 3", 3, "^", "Powers are not calculated."),
        ("name.upper()", 5, ".", "nothing else has a point"),
        ("name; city", 5, ";", "This character means nothing here."),
        ("name == 'x", 9, "'", "The closing quotation mark is missing."),
        ("{name == 'x'", 1, "{", "The closing brace is missing."),
        ("1 + ", 3, "+", "can't be read from here on"),
        ("employees employees", 11, "employees", "can't be read from here on"),
        ("(1 + 2", 1, "(", "can't be read from here on"),
        ("1)", 2, ")", "can't be read from here on"),
        ("1 if vip", 1, "1", "can't be read from here on"),
        ("1e5", 2, "e5", "can't be read from here on"),
        ("()", 1, "(", "Several values in brackets stand only behind “in”."),
        ("(1, 2) == 1", 1, "(", "Several values in brackets stand only behind “in”."),
        ("1 in ()", 6, "(", "Name at least one value"),
        ("1 in (1, 2) == vip", 1, "1", "“in” can't stand in a row of comparisons."),
        ("max(*tags)", 5, "*", "can't be read from here on"),
        ("1234567890123456789", 1, "1234567890123456789", "A number has at most 18 digits."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_place_word_and_rule(text: str, place: int, word: str, rule: str):
    [wrong] = mistakes(text)
    assert (wrong.place, wrong.value, wrong.length) == (place, word, len(word))
    with speaking("en"):
        assert rule in str(wrong.message)
        assert f"Character {place}" in str(wrong.message)
    assert re.search(r"[一-鿿]", str(wrong.message))


def test_every_mistake_is_named_at_once():
    found = mistakes('nme == 1 and level == "Z" and lenght(city) > signed and employees')
    assert [(m.place, m.value) for m in found] == [(1, "nme"), (23, '"Z"'), (31, "lenght"), (57, "employees")]


def test_what_was_found_wrong_once_is_not_wrong_twice():
    assert len(mistakes("abs(nme + 1) * 2 > 3 and not (nme2 if vip else 5)")) == 2


def test_a_place_counts_characters_not_bytes():
    [wrong] = mistakes('{客户等级} == "重点" and 城市 = "x"')
    assert (wrong.place, wrong.value) == (23, "=")


@pytest.mark.parametrize(
    "text, rule",
    [
        ("1 +" * 700 + "1", "An expression has at most 2000 characters; this has 2101."),
        ("(" * 601, "An expression has at most 600 words."),
        ("+".join(["1"] * 120), "An expression has at most 200 parts; this has 239."),
        ("not " * 20 + "vip", "Parts may stand in one another at most 20 deep."),
        ("abs(" * 20 + "1" + ")" * 20, "Parts may stand in one another at most 20 deep."),
        ("(" * 250 + "1" + ")" * 250, "can't be read from here on"),
        ("-" * 599 + "1", "An expression has at most 200 parts"),
        (f"name == '{'x' * 501}'", "A text in an expression has at most 500 characters."),
    ],
)
def test_an_expression_has_limits(text: str, rule: str):
    assert rule in words(text)


@pytest.mark.parametrize(
    "text",
    ["+".join(["1"] * 100), "not " * 19 + "vip", " ".join(["1 if vip else"] * 60) + " 2", "abs(" * 19 + "1" + ")" * 19],
)
def test_chains_are_not_deep_and_the_limits_can_be_reached(text: str):
    assert compiled(text)(FILLED) is not None


def test_a_text_that_grows_beyond_the_limit_by_its_keys_is_refused():
    cards = Cards({"k" * 60: field("k" * 60, Integer(), "数")})
    assert "at most 2000 characters" in words(" + ".join(["{数}"] * 60), cards)


def test_a_field_of_an_unknown_kind_is_refused():
    odd = Cards({"scan": replace(CARDS.fields["name"], key="scan", kind="file")})
    assert "Fields of this kind can't be used in an expression." in words("empty(scan)", odd)


def test_a_choice_that_went_is_refused_and_one_switched_off_is_not():
    assert compiled('level == "A"')
    fewer = Cards(
        {"level": field("level", type(CARDS.fields["level"].column)(CARDS.fields["level"].options[1:]), "级")}
    )
    assert "This is not one of the choices." in words('level == "重点"', fewer)


# ---------------------------------------------------------------------- compiled once


def test_what_did_not_change_is_compiled_once():
    text = "employees + x_first"
    assert compiled(text) is compiled(text)
    assert compiled(text) is compiled(text, CARDS.renamed("city", "Ort"))
    assert compiled("credit") is not compiled("credit", Cards({"credit": CARDS.fields["export"]}))
    assert compiled("credit", Cards({"credit": CARDS.fields["export"]})).currency == "USD"


# ---------------------------------------------------------------------- the page for administrators


def test_the_page_explains_every_function():
    page = DOCS.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)\(", page, re.MULTILINE)) == set(FUNCTIONS)


def documented() -> list[tuple[str, str]]:
    return re.findall(r"^    (\S.*?) +→ +(.+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("text, result", documented())
def test_the_examples_of_the_page_come_out_as_they_say(text: str, result: str):
    [customer] = [r for r in customers.records if r.key == "customer"]
    expression = compile_expression(text, customer)
    hongyuan = {
        "name": "宏远机械",
        "city": "杭州",
        "level": "key",
        "employees": 42,
        "credit_limit": 1_000_000,
        "next_follow_up": dt.date(2026, 11, 30),
        "created": dt.datetime(2026, 9, 30, 17, 30, tzinfo=dt.UTC),
        "owner": 3,
    }
    found = expression(hongyuan, now=NOW, me=3)
    assert as_on_the_page(found, expression.kind) == result


def as_on_the_page(found: Any, kind: str) -> str:
    if kind == "money":
        return f"¥{Decimal(found).scaleb(-2):,.2f}"
    if kind == "yes_no":
        return "是" if found else "否"
    return "空" if found is None else str(found)


def test_the_page_has_examples():
    assert len(documented()) >= 12
