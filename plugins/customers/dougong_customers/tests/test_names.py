"""What a company name may be written with (CUS-M2), and what of it the pre-check looks for."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dougong.i18n import speaking
from dougong_customers.former_names import FormerName, read_former_names, write_former_names
from dougong_customers.names import charset_problem, forbidden_characters, is_chinese, search_core

LETTERS_AND_DIGITS = st.characters(categories=["Lu", "Ll", "Nd"])
CHINESE = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
ENGLISH_NAMES = st.text(st.one_of(LETTERS_AND_DIGITS, st.sampled_from(",.() ")), min_size=1)
CHINESE_NAMES = st.builds(
    lambda han, rest: han + rest, CHINESE, st.text(st.one_of(CHINESE, LETTERS_AND_DIGITS, st.sampled_from("()（）")))
)
SIGNS = st.characters(categories=["P", "S", "Cc", "Cf", "Z"])


@pytest.mark.parametrize(
    "name",
    [
        "杭州宏远机械有限公司",
        "宏远机械(杭州)有限公司",
        "宏远（集团）2号厂",
        "A股华东",
        "〇八一电子",
        "Acme Co., Ltd.",
        "Müller 24",
        "Y Corporation (Asia)",
    ],
)
def test_well_written_names_pass(name):
    assert charset_problem(name) is None


@pytest.mark.parametrize(
    ("name", "characters"),
    [
        ("Gecko & Sons", ["&"]),
        ("Blue-Plus", ["-"]),
        ("宏远-机械", ["-"]),
        ("宏远 机械", [" "]),
        ("宏远.机械,", [".", ","]),
        ("Acme（Asia）", ["（", "）"]),
        ("Acme，Ltd", ["，"]),
        ("宏·远·机", ["·"]),
        ("宏远\u200b机械", ["\u200b"]),
    ],
)
def test_each_forbidden_character_is_named_once(name, characters):
    assert forbidden_characters(name) == characters


def test_a_single_chinese_character_makes_a_chinese_name():
    assert is_chinese("Acme 中")
    assert forbidden_characters("Acme 中") == [" "]
    assert not is_chinese("Acme Zhong")


def test_the_message_names_the_character_even_when_there_is_nothing_to_see():
    with speaking("en"):
        assert "“&”" in str(charset_problem("Gecko & Sons"))
        assert "space" in str(charset_problem("宏远 机械"))
        assert "U+200B" in str(charset_problem("宏远\u200b机械"))


def test_the_message_is_chinese_for_a_chinese_reader():
    with speaking("zh_CN"):
        words = str(charset_problem("宏远-机械"))
        assert "中文" in words
        assert "“-”" in words


def test_a_letter_with_its_accent_apart_is_still_a_letter():
    assert charset_problem(unicodedata.normalize("NFD", "Müller")) is None


@given(ENGLISH_NAMES)
def test_letters_digits_and_the_four_marks_make_an_english_name(name):
    assert is_chinese(name) or not forbidden_characters(unicodedata.normalize("NFC", name))


@given(CHINESE_NAMES)
def test_letters_digits_and_brackets_make_a_chinese_name(name):
    assert not forbidden_characters(name)


@given(ENGLISH_NAMES, SIGNS)
def test_any_other_sign_is_refused_in_an_english_name(name, sign):
    if not is_chinese(name) and sign not in ",.() " and unicodedata.normalize("NFC", sign) == sign:
        assert sign in forbidden_characters(name + sign)


@pytest.mark.parametrize(("sign", "named"), [("\u037e", ";"), ("\U0001d15f", "\U0001d158")])
def test_a_sign_that_is_written_otherwise_is_named_as_it_is_written(sign, named):
    assert named in forbidden_characters(f"Kestrel{sign}")


@given(CHINESE_NAMES, SIGNS)
def test_any_other_sign_is_refused_in_a_chinese_name(name, sign):
    if sign not in "()（）" and unicodedata.normalize("NFC", sign) == sign:
        assert sign in forbidden_characters(name + sign)


@pytest.mark.parametrize(
    ("typed", "core"),
    [
        ("杭州宏远机械有限公司", "杭州宏远机械"),
        (" 宏远机械股份有限公司 ", "宏远机械"),
        ("宏远机械（杭州）有限公司", "宏远机械"),
        ("Kestrel Automation (Asia) Ltd.", "Kestrel Automation"),
        ("Brightwater Trading Co., Ltd.", "Brightwater Trading"),
        ("有限公司", ""),
        ("%_", ""),
        ("", ""),
    ],
)
def test_the_precheck_looks_for_what_tells_companies_apart(typed, core):
    assert search_core(typed) == core


@given(st.text())
def test_what_the_precheck_looks_for_holds_no_wildcard(typed):
    assert not set(search_core(typed)) & set("%_\\")


def account_names() -> list[str]:
    """The names of a real list of accounts where one is at hand, else names of their kind."""
    place = os.environ.get("DOUGONG_TEST_DATA")
    if not place:
        return [
            "Acme Corporation",
            "Gecko & Sons",
            "Blue-Plus",
            "K-Texon",
            "dambase",
            "The Old York Inquirer",
            "Yy-holding",
        ]
    with Path(place, "maven-crm", "accounts.csv").open(encoding="utf-8", newline="") as file:
        return [row["account"] for row in csv.DictReader(file)]


def test_of_a_list_of_english_names_exactly_those_with_other_signs_are_refused_and_the_sign_is_named():
    plain = re.compile(r"[A-Za-z0-9,.() ]+")
    names = account_names()
    refused = {name: forbidden_characters(name) for name in names if charset_problem(name)}
    assert refused
    assert refused == {name: list(dict.fromkeys(plain.sub("", name))) for name in names if not plain.fullmatch(name)}


@settings(deadline=None)
@given(st.lists(st.builds(FormerName, st.text("甲乙-0123", min_size=1), st.dates())))
def test_what_is_written_down_is_read_again(names):
    again = read_former_names(write_former_names(names))
    assert sorted(again, key=lambda n: n.until) == sorted(names, key=lambda n: n.until)
