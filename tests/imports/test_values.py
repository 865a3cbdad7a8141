"""Days and numbers in every way people write them, one way per column."""

from __future__ import annotations

import pytest

from dougong.imports.values import guess_dates, guess_numbers, plain_date, plain_number


@pytest.mark.parametrize(
    ("texts", "order", "first"),
    [
        (["2026/3/4", "2026-12-31"], "ymd", "2026-03-04"),
        (["2026年3月4日"], "ymd", "2026-03-04"),
        (["2026-03-04 14:05"], "ymd", "2026-03-04 14:05:00"),
        (["2026-03-04T14:05:06.250+01:00"], "ymd", "2026-03-04T14:05:06.250000+01:00"),
        (["20260304"], "compact", "2026-03-04"),
        (["4.3.2026", "31.12.2026"], "dmy", "2026-03-04"),
        (["3/4/2026", "12/31/2026"], "mdy", "2026-03-04"),
        (["04.03.98"], "dmy", "1998-03-04"),
    ],
)
def test_the_order_of_a_column_of_days_is_the_one_that_reads_them_all(texts, order, first):
    assert guess_dates(texts) == order
    assert plain_date(texts[0], order) == first


@pytest.mark.parametrize("text", ["2026-02-30", "soon", "", "2026-13-01", "1.2", "2026-03-04 25:00"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError):
        plain_date(text, "ymd")


@pytest.mark.parametrize(
    ("texts", "style", "first"),
    [
        (["1,234.50"], "point", "1234.50"),
        (["1.234,50", "7"], "comma", "1234.50"),
        (["￥1,200"], "point", "1200"),
        (["12.5万"], "point", "125000"),
        (["3亿"], "point", "300000000"),
        (["(300)"], "point", "-300"),
        (["5%"], "point", "0.05"),
        (["-0.5"], "point", "-0.5"),
    ],
)
def test_the_style_of_a_column_of_numbers_is_the_one_that_reads_them_all(texts, style, first):
    assert guess_numbers(texts) == style
    assert plain_number(texts[0], style) == first


@pytest.mark.parametrize("text", ["", "abc", "1e3", "1,2,3", "--1", "1.2.3", "12 monkeys"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError):
        plain_number(text, "point")
