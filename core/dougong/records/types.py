"""What a record type is: declared once by its plugin, and everything people see and may do follows from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from dougong.db.columns import Active, Option, PiccoloForeignKey
from dougong.i18n import Text, _, humanise
from dougong.records.definitions import is_added
from dougong.records.fields import Field, kind_of
from dougong.records.shapes import Form, Shape, shape_of

if TYPE_CHECKING:
    from piccolo.columns.base import Column
    from piccolo.columns.combination import And, Or, Where
    from piccolo.table import Table
    from pydantic import BaseModel

    from dougong.records.tables import Row

__all__ = [
    "ACTIONS",
    "ACTION_LABELS",
    "DEACTIVATE",
    "Action",
    "Lifecycle",
    "ListView",
    "Me",
    "Move",
    "RecordType",
    "SavedView",
    "Scope",
    "State",
    "Template",
    "active_column",
]

ACTION_LABELS: Mapping[str, Text] = {
    "read": _("See"),
    "create": _("Create"),
    "edit": _("Edit"),
    "delete": _("Delete"),
    "export": _("Export"),
    "import": _("Import"),
}
ACTIONS = tuple(ACTION_LABELS)
DEACTIVATE = "deactivate"
"""The right to take records out of use and to bring them back, where records of the type can be deactivated."""
Me = "me"
"""In a saved view's condition on a person: whoever looks."""

# Kept by the system: shown where asked for, never typed in a form or sent by a client.
MANAGED = frozenset({"id", "version", "number", "created", "updated", "title_key", "title_initials"})
# What every record carries, in the words of core's own catalogue and after the type's own fields.
_COMMON = MANAGED | {"owner", "department", "state"}
_NEVER_SHOWN = frozenset({"title_key", "title_initials"})


@dataclass(frozen=True)
class Scope:
    """Which rows a right reaches. Join with `|` when either is enough.

    `Scope.role`: what the person's roles grant on this record type, by owner, department and sharing.
    `Scope.owner`: the owner's own rows, whatever the roles say. `Scope.everyone`: everybody signed in may read.
    `Scope.via(Visit.customer)`: whoever may see (or edit) the parent record.
    """

    parts: tuple[tuple[str, Column | None], ...]

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.parts + other.parts)

    @staticmethod
    def via(column: Column) -> Scope:
        return Scope((("via", column),))

    @property
    def parents(self) -> tuple[Column, ...]:
        return tuple(column for _, column in self.parts if column is not None)

    def has(self, part: str) -> bool:
        return any(name == part for name, _ in self.parts)

    @property
    def inherits(self) -> bool:
        """Whether roles can only narrow it: rows are reached through a parent or by owning them."""
        return not (self.has("role") or self.has("everyone"))

    role: ClassVar[Scope]
    owner: ClassVar[Scope]
    everyone: ClassVar[Scope]


Scope.role = Scope((("role", None),))
Scope.owner = Scope((("owner", None),))
Scope.everyone = Scope((("everyone", None),))


@dataclass(frozen=True)
class State:
    """One state of a life cycle; the label is derived from the key when none is given."""

    key: str
    label: Text | None = None
    tone: str = ""


@dataclass(frozen=True)
class Move:
    """One allowed step from a state to another.

    `right` is the action a person needs on the record (a word of its own, such as "approve", becomes a right that
    roles can grant). `check` may refuse by raising Refused or Invalid. `reason` asks why and logs the answer.
    """

    source: str
    target: str
    label: Text | None = None
    right: str = "edit"
    check: Callable[[Any], Awaitable[None]] | None = None
    reason: bool = False
    icon: str = "arrow-right"


@dataclass(frozen=True)
class Lifecycle:
    """The states a record goes through, on one screen: where it starts and which moves exist.

    Moves may be plain (from, to) pairs; states may be left out when their keys say enough.
    """

    start: str
    moves: Sequence[Move | tuple[str, str]]
    states: Sequence[State] = ()

    @cached_property
    def steps(self) -> tuple[Move, ...]:
        return tuple(move if isinstance(move, Move) else Move(*move) for move in self.moves)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        named = [s.key for s in self.states]
        met = [self.start, *(key for m in self.steps for key in (m.source, m.target))]
        return tuple(dict.fromkeys([*named, *met]))

    def move(self, source: str, target: str) -> Move | None:
        return next((m for m in self.steps if (m.source, m.target) == (source, target)), None)

    def moves_from(self, source: str) -> Sequence[Move]:
        return [m for m in self.steps if m.source == source]


@dataclass(frozen=True)
class Template:
    """How the form is laid out as shipped: what must be filled in, what stands together, what the system fills in.

    Columns not named in `groups` stand first, in the table's order. `off` are fields the company may switch on.
    """

    required: Sequence[Column] = ()
    groups: Mapping[Text, Sequence[Column]] = field(default_factory=dict)
    readonly: Sequence[Column] = ()
    off: Sequence[Column] = ()


@dataclass(frozen=True)
class ListView:
    """The shipped list: its columns, its first order ("-created" style with column objects and `descending`), and
    what a phone shows: title, second line, and up to two at the side."""

    columns: Sequence[Column]
    phone: Sequence[Column] = ()
    order: Column | None = None
    descending: bool = False


Condition = tuple[Any, str, Any]


@dataclass(frozen=True)
class SavedView:
    """A built-in query shown as a tab. Conditions are (column, operator, value), all of which must hold.

    Operators are those of the API's filter; a person column takes `Me`, a date "during" takes "this_week" and its like.
    """

    label: Text
    where: Sequence[Condition] = ()


@dataclass(frozen=True)
class Action:
    """A business verb on a record, offered as a button and as `POST …/{id}/{key}`.

    `run` gets the record and the fields of `form` as keyword arguments; `when` says for which records it is offered.
    `many` does the same with a selection: it gets the ids it is for and the form's fields, and answers a `Changed`.
    `aside`: it is no next step of the record; as one without `when`, it stands in the menu.
    """

    run: Callable[..., Awaitable[Any]]
    label: Text
    form: type[BaseModel] | None = None
    when: Where | And | Or | None = None
    right: str = "edit"
    icon: str = "bolt"
    many: Callable[..., Awaitable[Any]] | None = None
    aside: bool = False

    @property
    def key(self) -> str:
        return self.run.__name__.replace("_", "-")


def plural_path(name: str) -> str:
    """customer → customers, company → companies, staff → staff, customer_relation → customer-relations."""
    dashed = name.replace("_", "-")
    if dashed.endswith("y") and dashed[-2:-1] not in "aeiou":
        return dashed[:-1] + "ies"
    return dashed + ("es" if dashed.endswith(("s", "x", "ch", "sh")) else "s")


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordType:
    """Everything the house knows about one kind of record. Declared by its plugin, completed by derivation.

    `category` is the choice that tells the main categories (主分类) apart; `templates` holds the template of each
    category that has one of its own, all others share `template`. `find` is how the list's quick find reads what is typed: "contains", or "starts" (left match, `*` as wildcard).
    `avatar` stands before the title: "organisation", "person", or nothing. `similar`
    names the records that resemble the title being typed, each with a second word beside it (whose it is); shown below
    the title of a new record. `always_seen`: what no role may hold back, since the rest makes no sense without it. `menu` says whether records have pages.
    """

    table: type[Row]
    label: Text
    plural: Text
    title: Column
    icon: str = "file"
    path: str = ""
    scope: Scope = Scope.role
    lifecycle: Lifecycle | None = None
    template: Template = Template()
    category: Column | None = None
    templates: Mapping[str, Template] = field(default_factory=dict)
    views: Sequence[ListView] = ()
    saved_views: Sequence[SavedView] = ()
    actions: Sequence[Action] = ()
    search: Sequence[Column] = ()
    find: str = "contains"
    labels: Mapping[Column, Text] = field(default_factory=dict)
    rights: Mapping[str, Text] = field(default_factory=dict)
    avatar: str = ""
    always_seen: Sequence[Column] = ()
    similar: Callable[[str], Awaitable[Sequence[tuple[str, str]]]] | None = None
    menu: bool = True

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", plural_path(self.key))
        if self.active is not None:
            from dougong.records.deactivation import verbs_of  # it writes by the desk, which goes by record types

            object.__setattr__(self, "actions", (*self.actions, *verbs_of(self.table, self.active)))
            object.__setattr__(self, "rights", {**self.rights, DEACTIVATE: _("Deactivate and bring back")})

    def __repr__(self) -> str:
        return f"<RecordType {self.key}>"

    @cached_property
    def key(self) -> str:
        return str(self.table._meta.tablename)

    @cached_property
    def domain(self) -> str:
        """The package whose catalogue holds the words derived for this type."""
        return self.label.domain

    @property
    def shape(self) -> Shape:
        """The type as the company has it now, in the snapshot that is worked on."""
        return shape_of(self)

    @cached_property
    def declared(self) -> Mapping[str, Field]:
        """The fields its plugin declares, by key, in the table's order; the search keys kept beside the title are none."""
        columns = [
            c for c in self.table._meta.columns if c._meta.name not in _NEVER_SHOWN and not is_added(c._meta.name)
        ]
        return {c._meta.name: self._field(c) for c in sorted(columns, key=self._place)}

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every field by key, those the company added among them."""
        return self.shape.fields

    @property
    def common(self) -> frozenset[str]:
        """The keys of what every record carries."""
        return _COMMON

    @property
    def can_be_held_back(self) -> frozenset[str]:
        """The fields a role may hide or only show; without a title a record could not be named, nor kept apart from others,
        and the house itself tells by what is deactivated what may still be chosen."""
        house = {"id", "version", *keys_of([self.active] if self.active is not None else [])}
        return frozenset(self.fields) - {*house, self.title._meta.name, *keys_of(self.always_seen)}

    @property
    def entered(self) -> Mapping[str, Field]:
        """The fields people fill in, in one main category or another."""
        return self.shape.entered

    def form_of(self, values: Mapping[str, Any]) -> Form:
        """The template of the main category these values belong to."""
        return self.shape.form(self.shape.category_of(values))

    def required_in(self, values: Mapping[str, Any]) -> frozenset[str]:
        """The fields that must be filled in for a record with these stored values."""
        form = self.form_of(values)
        return form.required - form.hidden_for(values)

    @cached_property
    def references_needed(self) -> frozenset[str]:
        """The references the table itself doesn't leave empty."""
        columns = self.table._meta.columns
        return frozenset(c._meta.name for c in columns if is_reference(c) and not c._meta.null)

    @cached_property
    def actions_allowed(self) -> tuple[str, ...]:
        """Every right on this type: the common ones, and those its moves and actions ask for."""
        own = [m.right for m in (self.lifecycle.steps if self.lifecycle else ())] + [a.right for a in self.actions]
        return tuple(dict.fromkeys([*ACTIONS, *self.rights, *own]))

    def action_label(self, action: str) -> Text:
        """What a right is called."""
        return ACTION_LABELS.get(action) or self.rights.get(action) or Text(humanise(action), self.domain)

    @cached_property
    def active(self) -> Column | None:
        """The column that says whether a record is in use; None where records of the type are never deactivated."""
        return active_column(self.table)

    def is_deactivated(self, values: Mapping[str, Any]) -> bool:
        """Whether the record with these stored values is out of use."""
        return self.active is not None and not values.get(self.active._meta.name, True)

    @cached_property
    def owned(self) -> bool:
        """Whether rows have an owner and a department."""
        return "owner" in self.declared and "department" in self.declared

    @cached_property
    def parents(self) -> Mapping[str, type[Row]]:
        """Column key → parent table, for each `Scope.via`."""
        return {c._meta.name: c._foreign_key_meta.resolved_references for c in self.scope.parents}  # type: ignore[attr-defined]

    @cached_property
    def list_view(self) -> ListView:
        return self.views[0] if self.views else ListView([self.title])

    @cached_property
    def search_keys(self) -> tuple[str, ...]:
        return keys_of(self.search) or (self.title._meta.name,)

    def state_option(self, key: str) -> Option:
        return next((o for o in self.declared["state"].fixed_options if o.key == key), Option(key, key))

    def state_of(self, record: Row | None) -> str | None:
        """The state a record is in, a new one (None) where the life cycle starts; None where there are no states."""
        if self.lifecycle is None:
            return None
        return self.lifecycle.start if record is None else str(record.state)  # type: ignore[attr-defined]

    def leads_on(self, step: Move) -> bool:
        """Whether a step goes forward on the path of states, not back on it."""
        keys = self.lifecycle.keys if self.lifecycle else ()
        return keys.index(step.target) > keys.index(step.source)

    def move_label(self, move: Move) -> Text:
        return move.label or Text(humanise(move.target), self.domain)

    def _place(self, column: Column) -> int:
        """The type's own columns first, in their order; what every record carries after them."""
        own = [c._meta.name for c in self.table._meta.columns]
        name = column._meta.name
        return own.index(name) + (1000 if name in _COMMON else 0)

    def _field(self, column: Column) -> Field:
        name = column._meta.name
        kind = "state" if name == "state" else kind_of(column)
        made = Field(
            key=name,
            column=column,
            kind=kind,
            label=self._label(column),
            required=name in {*keys_of(self.template.required), *self.references_needed, self.title._meta.name},
            managed=name in MANAGED or (name == "state") or self._is_kept(column),
            help=None,
        )
        return replace(made, fixed_options=self._state_options()) if kind == "state" else made

    def _is_kept(self, column: Column) -> bool:
        """Whether the template or a verb, and nobody by hand, says what stands there."""
        return column is self.active or column._meta.name in keys_of(self.template.readonly)

    def _label(self, column: Column) -> Text:
        name = column._meta.name
        for known, label in self.labels.items():
            if known._meta.name == name:
                return label
        return Text(humanise(name), "dougong" if name in _COMMON or column is self.active else self.domain)

    def _state_options(self) -> tuple[Option, ...]:
        if not self.lifecycle:
            return ()
        named = {s.key: s for s in self.lifecycle.states}
        return tuple(
            Option(
                key,
                (named[key].label if key in named else None) or Text(humanise(key), self.domain),
                named[key].tone if key in named else "",
            )
            for key in self.lifecycle.keys
        )


def keys_of(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(c._meta.name for c in columns)


def active_column(table: type[Table]) -> Column | None:
    """The column by which rows of a table are deactivated, if they are."""
    return next((column for column in table._meta.columns if isinstance(column, Active)), None)


def is_reference(column: Column) -> bool:
    return isinstance(column, PiccoloForeignKey)
