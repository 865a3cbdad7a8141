"""A record type with a field of each kind an expression can read, for tests that need no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dougong.db.columns import (
    Address,
    Boolean,
    Choice,
    Date,
    Email,
    ForeignKey,
    Integer,
    Lookup,
    Money,
    MultiChoice,
    Number,
    Option,
    Phone,
    TimeOfDay,
    Timestamptz,
    Varchar,
    Year,
)
from dougong.db.columns import Text as LongText
from dougong.i18n import _
from dougong.people.tables import Department, Staff
from dougong.records.fields import Field, kind_of

LEVELS = (Option("A", "重点"), Option("B", "普通"), Option("C", "普通"), Option("D", "A"))
TAGS = Lookup("tags", _("Tags"), (Option("new", "新客户"), Option("far", "外地")))
DECLARED = {
    "name": (Varchar(200), "客户名称"),
    "city": (Varchar(40), "城市"),
    "level": (Choice(LEVELS), "客户等级"),
    "level_before": (Choice(LEVELS), "上次等级"),
    "source": (Choice([Option("web", "网站")]), "来源"),
    "tags": (MultiChoice(TAGS), "标签"),
    "employees": (Integer(null=True, default=None), "员工人数"),
    "weight": (Number(places=3), "重量"),
    "founded": (Year(), "成立年份"),
    "credit": (Money(), "信用额度"),
    "paid": (Money(), "已付"),
    "export": (Money("USD"), "出口额"),
    "yen": (Money("JPY"), "日元"),
    "vip": (Boolean(null=True, default=None), "VIP"),
    "signed": (Date(null=True, default=None), "签约日期"),
    "visited": (Timestamptz(null=True, default=None), "拜访时间"),
    "opens": (TimeOfDay(), "营业时间"),
    "phone": (Phone(), "电话"),
    "email": (Email(), "邮箱"),
    "address": (Address(), "详细 地址"),
    "remark": (LongText(), "备注"),
    "owner": (ForeignKey(Staff, null=True), "负责人"),
    "keeper": (ForeignKey(Staff, null=True), "保管人"),
    "department": (ForeignKey(Department, null=True), "部门"),
    "x_first": (Integer(null=True, default=None), "数量"),
    "x_second": (Integer(null=True, default=None), "数量"),
    "me": (Varchar(10), "我"),
    "year": (Year(), "年"),
}


@dataclass(frozen=True)
class Cards:
    """What `compile_expression` asks of a record type."""

    fields: Mapping[str, Field]

    def renamed(self, key: str, label: str) -> Cards:
        return Cards({**self.fields, key: replace(self.fields[key], label=label)})

    def without(self, key: str) -> Cards:
        return Cards({k: f for k, f in self.fields.items() if k != key})


def field(key: str, column: Any, label: str) -> Field:
    return Field(key, column, kind_of(column), label)


CARDS = Cards({key: field(key, column, label) for key, (column, label) in DECLARED.items()})

FILLED = {
    "name": "宏远机械",
    "city": "杭州",
    "level": "A",
    "level_before": "B",
    "source": "web",
    "tags": '["far","new"]',
    "employees": 42,
    "weight": 1250,  # 1.25
    "founded": 1999,
    "credit": 1_000_000,  # ¥10,000.00
    "paid": 333_333,
    "export": 50_000,
    "yen": 700,
    "vip": True,
    "signed": dt.date(2026, 1, 31),
    "visited": dt.datetime(2026, 9, 30, 17, 30, tzinfo=dt.UTC),  # 2026-10-01 01:30 in Shanghai
    "opens": "09:30",
    "phone": "0571-8899",
    "email": "a@hongyuan.cn",
    "address": "文一路 1 号",
    "remark": "Good PAYER\nsince 1999",
    "owner": 3,
    "keeper": 4,
    "department": 7,
    "x_first": 5,
    "x_second": -3,
    "me": "wo",
    "year": 2024,
}
BLANK: dict[str, Any] = {key: "" if isinstance(FILLED[key], str) and key != "level" else None for key in FILLED}
NOW = dt.datetime(2026, 11, 23, 16, 30, tzinfo=dt.UTC)  # already the 24th in Shanghai
