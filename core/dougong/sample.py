"""The sample company: about thirty people of a maker of automation equipment in Hangzhou. All of it is made up.

王芳 sells, 李雷 leads the sales of East China, 赵敏 looks after customers when something breaks. The same people stand
in the tests, the documentation and the demo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dougong.access.principal import Grant, acting_as
from dougong.access.services import make_standard_roles, on_behalf, set_grants
from dougong.people.services import make_operator
from dougong.people.tables import Department, Position, Staff, User
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk

__all__ = [
    "COMPANY",
    "PARTS",
    "PEOPLE",
    "SERVED",
    "SIGN_INS",
    "Door",
    "Member",
    "Part",
    "SignIn",
    "fill_company",
    "found_company",
    "open_doors",
]

COMPANY = "杭州云枢自动化有限公司"


@dataclass(frozen=True)
class Part:
    """A department: its code, its name, the code of the one it reports to, the staff number of its head."""

    code: str
    name: str
    parent: str
    head: str


@dataclass(frozen=True)
class Member:
    """One of the staff: number, name, the name's spelling in mail addresses, department code, position."""

    code: str
    name: str
    spelt: str
    department: str
    position: str


@dataclass(frozen=True)
class SignIn:
    """An account of the sample company: its name, the number of its person, its standard role."""

    user: str
    staff: str
    role: str


@dataclass(frozen=True)
class Door:
    """How to come in as somebody of the sample company."""

    user: str
    password: str
    name: str
    position: str


PARTS: Sequence[Part] = (
    Part("HQ", "云枢自动化", "", "001"),
    Part("SALES", "销售中心", "HQ", "002"),
    Part("EAST", "华东销售部", "SALES", "003"),
    Part("HZ", "杭州销售组", "EAST", "004"),
    Part("SH", "上海销售组", "EAST", "007"),
    Part("SOUTH", "华南销售部", "SALES", "010"),
    Part("SZ", "深圳销售组", "SOUTH", "011"),
    Part("NORTH", "北方销售部", "SALES", "013"),
    Part("QD", "青岛销售组", "NORTH", "014"),
    Part("SERVICE", "服务中心", "HQ", "016"),
    Part("SUPPORT", "客户支持部", "SERVICE", "017"),
    Part("FIELD", "现场服务部", "SERVICE", "019"),
    Part("MARKETING", "市场部", "HQ", "022"),
    Part("ENGINEERING", "研发中心", "HQ", "024"),
    Part("OFFICE", "综合管理部", "HQ", "027"),
)

PEOPLE: Sequence[Member] = (
    Member("001", "周建平", "zhoujianping", "HQ", "总经理"),
    Member("002", "高明远", "gaomingyuan", "SALES", "销售总监"),
    Member("003", "李雷", "lilei", "EAST", "销售经理"),
    Member("004", "陈晓东", "chenxiaodong", "HZ", "销售组长"),
    Member("005", "王芳", "wangfang", "HZ", "销售代表"),
    Member("006", "孙浩", "sunhao", "HZ", "销售代表"),
    Member("007", "韩梅", "hanmei", "SH", "销售组长"),
    Member("008", "徐慧", "xuhui", "SH", "销售代表"),
    Member("009", "马超然", "machaoran", "SH", "销售代表"),
    Member("010", "何志伟", "hezhiwei", "SOUTH", "销售经理"),
    Member("011", "林嘉欣", "linjiaxin", "SZ", "销售组长"),
    Member("012", "黄俊", "huangjun", "SZ", "销售代表"),
    Member("013", "郭大勇", "guodayong", "NORTH", "销售经理"),
    Member("014", "宋佳", "songjia", "QD", "销售组长"),
    Member("015", "于波", "yubo", "QD", "销售代表"),
    Member("016", "沈国梁", "shenguoliang", "SERVICE", "服务总监"),
    Member("017", "杨柳", "yangliu", "SUPPORT", "服务经理"),
    Member("018", "赵敏", "zhaomin", "SUPPORT", "客服专员"),
    Member("019", "罗成", "luocheng", "FIELD", "服务经理"),
    Member("020", "郑凯", "zhengkai", "FIELD", "服务工程师"),
    Member("021", "谢天宇", "xietianyu", "FIELD", "服务工程师"),
    Member("022", "唐晓宁", "tangxiaoning", "MARKETING", "市场经理"),
    Member("023", "许诺", "xunuo", "MARKETING", "市场专员"),
    Member("024", "梁文卓", "liangwenzhuo", "ENGINEERING", "技术总监"),
    Member("025", "冯远", "fengyuan", "ENGINEERING", "工程师"),
    Member("026", "曹亮", "caoliang", "ENGINEERING", "工程师"),
    Member("027", "邓丽华", "denglihua", "OFFICE", "综合管理部经理"),
    Member("028", "彭欣", "pengxin", "OFFICE", "人事专员"),
    Member("029", "董洁", "dongjie", "OFFICE", "会计"),
    Member("030", "袁野", "yuanye", "OFFICE", "行政专员"),
)

SIGN_INS: Sequence[SignIn] = (
    SignIn("wangfang", "005", "sales"),
    SignIn("lilei", "003", "manager"),
    SignIn("zhaomin", "018", "service"),
)

SERVED = ("HZ", "SZ")
"""The departments whose customers 赵敏 looks after."""


async def fill_company() -> list[Door]:
    """Fill an empty house with the sample company and what the enabled plugins bring for it; who can sign in.

    Runs as the administrator. The passwords stay as they are: nobody is asked to change a sample's.
    """
    doors = await open_doors(await found_company())
    for sample in current_snapshot().samples:
        await sample()
    return doors


async def open_doors(staff: Mapping[str, int]) -> list[Door]:
    """Accounts for three of the staff, each with the standard role of their work. `staff` is what `found_company` gave."""
    roles = await make_standard_roles()
    doors = [await _let_in(sign_in, staff[sign_in.staff], roles[sign_in.role]) for sign_in in SIGN_INS]
    await _choose_departments(roles["service"])
    return doors


async def found_company() -> Mapping[str, int]:
    """Departments, positions and staff of the sample company; returns staff number → id.

    Runs in a house without staff, as the administrator.
    """
    departments = await _departments()
    positions = await _positions()
    rows = [
        {
            "code": member.code,
            "name": member.name,
            "department": departments[member.department],
            "position": positions[member.position],
            "mobile": f"1380000{5000 + int(member.code)}",
            "phone": f"0571-5550{8000 + int(member.code)}",
            "email": f"{member.spelt}@yunshu.example",
        }
        for member in PEOPLE
    ]
    ids = await desk.create_many(Staff, rows)
    staff = {member.code: staff_id for member, staff_id in zip(PEOPLE, ids, strict=True)}
    for part in PARTS:
        await desk.update(Department, [departments[part.code]], {"head": staff[part.head]})
    return staff


async def _departments() -> dict[str, int]:
    """The tree, one level after the other."""
    known: dict[str, int] = {}
    level = [part for part in PARTS if not part.parent]
    while level:
        rows = [
            {"code": part.code, "name": part.name, "parent": known.get(part.parent), "place": PARTS.index(part)}
            for part in level
        ]
        ids = await desk.create_many(Department, rows)
        known |= {part.code: department for part, department in zip(level, ids, strict=True)}
        level = [part for part in PARTS if part.parent in known and part.code not in known]
    return known


async def _positions() -> dict[str, int]:
    names = list(dict.fromkeys(member.position for member in PEOPLE))
    ids = await desk.create_many(Position, [{"name": name} for name in names])
    return dict(zip(names, ids, strict=True))


async def _let_in(sign_in: SignIn, staff: int, role: int) -> Door:
    person = await desk.get(Staff, staff)
    password = await make_operator(person, sign_in.user, [role])
    with acting_as(on_behalf("keep the passwords of the sample company")):
        await User.update({User.must_change_password: False}).where(User.staff == staff)
    [member] = [member for member in PEOPLE if member.code == sign_in.staff]
    return Door(sign_in.user, password, member.name, member.position)


async def _choose_departments(role: int) -> None:
    """Customer service reads the records of two departments, where a plugin lets it read by department at all."""
    codes = await Department.select(Department.id).where(Department.code.is_in(list(SERVED))).output(as_list=True)
    chosen = Grant(frozenset({"chosen"}), tuple(codes))
    for preset in current_snapshot().presets:
        if preset.role == "service" and "department" in preset.rights.get("read", ()):
            others = {(preset.record.key, action): Grant(frozenset(scopes)) for action, scopes in preset.rights.items()}
            await set_grants(role, others | {(preset.record.key, "read"): chosen})
