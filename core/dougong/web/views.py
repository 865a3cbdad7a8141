"""What a page shows, as plain values.

A page builder reads through the gate, formats for one person and one locale, and fills one of these; the template of the same
name only lays it out. So every text here is ready to be shown (translated, formatted, in the person's time zone), every `href`
is a path the person may follow, and whatever the person may not see or do is simply absent. Nothing here touches the database.

Every page view names its template; `dougong.web.components.render` puts the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

__all__ = [
    "AccountPage",
    "Action",
    "Affected",
    "Banner",
    "BulkAction",
    "Cell",
    "CellKind",
    "Change",
    "ChangesPage",
    "ChoiceGroup",
    "ChoiceLine",
    "ChoicesPage",
    "Clash",
    "Column",
    "ColumnLayout",
    "Composer",
    "Condition",
    "Contribution",
    "Crumb",
    "DepartmentNode",
    "DesignField",
    "DesignGroup",
    "DesignerPage",
    "Door",
    "Effect",
    "EffectCell",
    "EffectRow",
    "Entry",
    "ErrorPage",
    "ExplainPage",
    "FieldKind",
    "File",
    "Files",
    "FilterChip",
    "FilterField",
    "FilterForm",
    "FormField",
    "FormPage",
    "FormPreview",
    "FormSection",
    "FrameView",
    "Grant",
    "GraphLine",
    "GraphNode",
    "GraphView",
    "GroupCard",
    "GroupPage",
    "GroupsPage",
    "HeldField",
    "HeldFieldsPage",
    "Hit",
    "HitGroup",
    "HomePage",
    "Impact",
    "ImpactPage",
    "ImportColumn",
    "ImportConstant",
    "ImportCount",
    "ImportFormatPage",
    "ImportMappingPage",
    "ImportOutcomePage",
    "ImportPart",
    "ImportStartPage",
    "ImportWord",
    "JobLine",
    "JobsPage",
    "LayoutField",
    "Line",
    "LineTile",
    "ListPage",
    "MatrixRow",
    "NavGroup",
    "NavItem",
    "Notice",
    "NumberTile",
    "Option",
    "OrganisationPage",
    "Page",
    "Pager",
    "PaletteResults",
    "PasswordPage",
    "Placeholder",
    "PluginCard",
    "PluginsPage",
    "PreviewPage",
    "ProcessState",
    "Progress",
    "ProgressTile",
    "Property",
    "PropertyGroup",
    "QuickFind",
    "ReaderLine",
    "ReasonLine",
    "RecordPage",
    "RelatedList",
    "RightChange",
    "RoleCard",
    "RolePage",
    "RolesPage",
    "Row",
    "SavedViewTab",
    "SearchPage",
    "Shell",
    "Side",
    "SignInPage",
    "SimilarRecords",
    "StaffLine",
    "Stars",
    "Step",
    "Submit",
    "Tab",
    "TableView",
    "Tone",
    "UserView",
    "WizardStep",
]

Tone = Literal["", "pri", "ok", "warn", "bad", "vio"]
"""What a colour means: nothing, in hand, good, soon, wrong, special. Never decoration."""

CellKind = Literal[
    "title",
    "text",
    "tag",
    "tags",
    "status",
    "person",
    "organisation",
    "date",
    "datetime",
    "number",
    "money",
    "link",
    "yes_no",
    "phone",
    "email",
    "url",
    "long_text",
]

FieldKind = Literal[
    "text",
    "long_text",
    "number",
    "money",
    "date",
    "time",
    "datetime",
    "yes_no",
    "choice",
    "multi_choice",
    "lookup",
    "multi_lookup",
    "phone",
    "email",
    "url",
    "password",
    "file",
]


# --- the frame around every page -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """A short message in the corner, shown once: "Saved.", "3 customers handed over."."""

    text: str
    tone: Tone = "ok"
    undo_url: str | None = None
    """POST here takes it back; offered as "Undo"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    """What even a page without a signed-in person knows."""

    company: str
    product: str
    csrf: str
    """Goes into every form as `_csrf_token`."""
    locale: str = "zh_CN"
    locales: tuple[Option, ...] = ()
    """Languages to choose from; the option's value is the locale."""
    theme: Literal["auto", "light", "dark"] = "auto"
    environment: str = ""
    """A mark such as "Demo" or "Test" beside the company; empty in production."""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door(FrameView):
    """The frame of pages outside the shell: sign-in, forced password change, errors before sign-in."""

    locale_url: str = "/language"
    """POST `locale` here to change the language before signing in."""


@dataclass(frozen=True, slots=True)
class NavItem:
    href: str
    icon: str
    label: str
    current: bool = False
    count: str = ""
    """Grey number at the right, already formatted; "" for none."""
    waiting: str = ""
    """Red pill: what waits for this person."""
    count_key: str = ""
    """Key in the answer of `Shell.counts_url` that fills the number in later."""
    shortcut: str = ""
    """The letter after `g` that goes here."""


@dataclass(frozen=True, slots=True)
class NavGroup:
    label: str
    items: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True)
class UserView:
    name: str
    department: str = ""
    hue: int = 0
    account_url: str | None = None
    """The person's own page (sessions, tokens, password)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell(FrameView):
    """Sidebar, bar and account menu of a signed-in person."""

    user: UserView
    nav: tuple[NavGroup, ...] = ()
    bottom: tuple[NavItem, ...] = ()
    """Up to four places for the phone's bottom bar; "More" is added."""
    search_url: str | None = None
    """GET `?q=` answers `PaletteResults` as HTML."""
    counts_url: str | None = None
    """GET answers JSON: count key -> formatted number."""
    inbox: NavItem | None = None
    preferences_url: str = "/me/preferences"
    """POST `theme` or `locale` here."""
    sign_out_url: str = "/sign-out"
    shortcuts: bool = True
    """False where the person has switched single-letter keys off."""


# --- small parts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    hint: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A button. `GET` is a link, `POST` a form of one button."""

    label: str
    url: str
    icon: str = ""
    method: Literal["get", "post"] = "get"
    look: Literal["primary", "secondary", "quiet", "danger"] = "secondary"
    dialog: bool = False
    """A GET page whose `[data-dialog]` part opens in a dialog; without JavaScript it is the page."""
    values: tuple[tuple[str, str], ...] = ()
    """Hidden values a POST carries, for instance the record's version."""
    hint: str = ""
    icon_only: bool = False
    """Show the icon alone; the label becomes its hover text and name."""


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    href: str
    current: bool = False
    count: str = ""
    count_key: str = ""
    icon: str = ""


SavedViewTab = Tab
"""A saved view is a tab; `count_key` names its number in the answer of `ListPage.counts_url`."""


@dataclass(frozen=True, slots=True)
class Banner:
    """A message across the page, above its content."""

    text: str
    tone: Tone = "warn"
    action: Action | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Stands where nothing is: an empty list, or what a switched-off plugin would show."""

    title: str
    text: str = ""
    icon: str = "inbox"
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, ready to be shown, in a list, a panel or a tile."""

    kind: CellKind = "text"
    text: str = ""
    """As the person reads it; "" shows a dash."""
    href: str = ""
    """Where a title, link, person or organisation leads; `tel:`/`mailto:`/`https:` for phone, e-mail, URL."""
    tone: Tone = ""
    hint: str = ""
    """Hover text: the exact moment of "3 days ago"."""
    iso: str = ""
    """Machine-readable date of a date or datetime."""
    hue: int = 0
    """Colour of a title's, person's or organisation's avatar, from `components.hue`."""
    initial: str = ""
    """Avatar letter, from `components.initial` or `components.place_initial`; "" for no avatar."""
    parts: tuple[Cell, ...] = ()
    """Of `tags`: each choice; their tones count."""


# --- list ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuickFind:
    placeholder: str
    value: str = ""
    name: str = "q"
    help: str = ""
    """What the mode of this list finds ("begins with; * stands for anything")."""


@dataclass(frozen=True, slots=True)
class FilterChip:
    label: str
    operator: str
    value: str
    remove_href: str
    group: int = 0
    """Chips of one group hold together ("and"); groups are joined by "or"."""


@dataclass(frozen=True, slots=True)
class FilterField:
    key: str
    label: str
    kind: FieldKind
    operators: tuple[Option, ...]
    options: tuple[Option, ...] = ()
    lookup_url: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    operator: str
    value: str = ""
    group: int = 0
    value_label: str = ""
    """What a look-up's value reads like."""


@dataclass(frozen=True, slots=True)
class FilterForm:
    """Advanced query. It is sent by GET as repeated `f` (field), `o` (operator), `v` (value) and `g` (group) in step."""

    fields: tuple[FilterField, ...]
    conditions: tuple[Condition, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    """What the form keeps of the rest of the query (view, quick find, sort)."""
    clear_href: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: str
    align: Literal["start", "end"] = "start"
    phone: Literal["", "title", "meta", "side1", "side2"] = ""
    """Where the value stands in the two-line row of a phone; "" leaves it out."""
    sort_href: str = ""
    """Where a click on the head leads: the opposite direction when sorted, else this column's own; "" when not sortable."""
    sorted: Literal["", "asc", "desc"] = ""
    editable: bool = False
    """Whether a value can be changed where it stands, in the control of the record's own form."""


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    cells: tuple[Cell, ...]
    href: str = ""
    label: str = ""
    """Names the row to screen readers ("Select 宏远机械")."""


@dataclass(frozen=True, slots=True)
class Pager:
    """`total` counts up to its bound; beyond, `total_exact` is false, `pages` 0 and only previous/next are known."""

    size: int
    shown: int
    """Rows on this page."""
    total: int
    total_exact: bool = True
    page: int = 1
    pages: int = 1
    first_href: str = ""
    previous_href: str = ""
    next_href: str = ""
    last_href: str = ""
    sizes: tuple[Tab, ...] = ()
    """Other page sizes, the current one marked."""
    exact_href: str = ""
    """Counts everything, on request."""
    jump_values: tuple[tuple[str, str], ...] = ()
    """What the jump form keeps of the query; it sends `page`. Shown only while the total is exact."""


@dataclass(frozen=True, slots=True)
class LayoutField:
    key: str
    label: str
    on: bool
    locked: bool = False
    """The title column: always on, always first."""


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """Columns of this person. POST: `column` repeated in the wanted order; or `up`/`down` with a key; or `reset`."""

    url: str
    fields: tuple[LayoutField, ...]
    values: tuple[tuple[str, str], ...] = ()
    """Hidden values: where to come back to."""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """Acts on the selection: POST `ids` repeated."""

    label: str
    url: str
    icon: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Stars:
    """Each row can be starred: POST `on` ("1" or "0") to `<url>/<id>/favourite`, then `back`."""

    url: str
    ids: frozenset[str]
    """The rows that are."""
    back: str = ""


@dataclass(frozen=True, slots=True)
class TableView:
    """Columns and rows, wherever a table stands."""

    label: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: Placeholder | None = None
    """Required in practice: what to say and do when `rows` is empty."""
    bulk: tuple[BulkAction, ...] = ()
    """Rows can be selected only when there is something to do with them."""
    stars: Stars | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    template: ClassVar[str] = "list.html"
    title: str
    icon: str
    table: TableView
    pager: Pager
    url: str
    """Path of the list without its query."""
    create: Action | None = None
    actions: tuple[Action, ...] = ()
    tabs: tuple[Tab, ...] = ()
    view_actions: tuple[Action, ...] = ()
    """What can be done with the list as it stands: saved as a view, saved again."""
    counts_url: str = ""
    find: QuickFind | None = None
    chips: tuple[FilterChip, ...] = ()
    clear_href: str = ""
    filter: FilterForm | None = None
    sorts: tuple[Tab, ...] = ()
    """Sort choices for the phone, where there are no heads to click."""
    layout: ColumnLayout | None = None
    query: tuple[tuple[str, str], ...] = ()
    """What the quick-find form keeps of the current query (view, sort, filter); bulk actions get it too, to come back."""
    banner: Banner | None = None


# --- record --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One state on the path."""

    label: str
    place: Literal["done", "now", "next"]
    tone: Tone = ""
    """`bad` where the current state is a refusal or an end nobody wanted."""


@dataclass(frozen=True, slots=True)
class Property:
    label: str
    cell: Cell
    changed: bool = False


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    label: str
    items: tuple[Property, ...]
    open: bool = True
    lines: tuple[Line, ...] = ()
    """Related things below the values (main contacts)."""


@dataclass(frozen=True, slots=True)
class Change:
    label: str
    before: str
    after: str
    restore: Action | None = None
    """Gives the field the value from before again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline: who did what, when."""

    who: str
    what: str
    when: Cell
    icon: str = "pencil"
    tone: Tone = ""
    body: str = ""
    """Plain text; line breaks are kept."""
    changes: tuple[Change, ...] = ()
    href: str = ""
    why: str = ""
    """Where the change came from: "import 17", "merge"."""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Composer:
    """Write to the timeline: POST `text`, `kind`, `follow_up` (a date)."""

    url: str
    placeholder: str
    kinds: tuple[Option, ...] = ()
    kind: str = ""
    follow_up: bool = False
    text: str = ""
    error: str = ""
    values: tuple[tuple[str, str], ...] = ()
    mention_url: str = ""
    """GET `?q=` answers JSON `[{"value","label","hint"}]`: names to go on with behind an @."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A box: what stands in it, in full and as much as it holds, and how it belongs to the box it hangs on."""

    title: str
    short: str
    words: str
    x: int
    y: int
    href: str = ""
    """"" for the record in the middle."""


@dataclass(frozen=True, slots=True)
class GraphLine:
    """A connection: its path in SVG, and the same as a sentence. `aside`: between boxes that hang on others."""

    path: str
    words: str
    aside: bool = False


@dataclass(frozen=True, slots=True)
class GraphView:
    width: int
    height: int
    box: tuple[int, int]
    lines: tuple[GraphLine, ...]
    nodes: tuple[GraphNode, ...]
    is_cut: bool = False
    most: int = 0
    """So many boxes are drawn at most; `is_cut` when there would be more."""


@dataclass(frozen=True, slots=True)
class RelatedList:
    table: TableView
    create: Action | None = None
    graph: GraphView | None = None
    more_href: str = ""
    more_label: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a record. `href` saves it, `preview_href` shows it where a browser may; "" for neither."""

    name: str
    hint: str = ""
    icon: str = "file"
    href: str = ""
    preview_href: str = ""
    image: bool = False
    """What `preview_href` shows is a picture."""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a record. With `url` the page offers to add some, by a form; the island sends them to `send_url`."""

    lines: tuple[File, ...] = ()
    removed: tuple[File, ...] = ()
    removed_label: str = ""
    url: str = ""
    send_url: str = ""
    hint: str = ""
    too_large: str = ""
    most: int = 0
    """So many bytes a file may hold."""
    wrong: tuple[str, ...] = ()
    """Files that were just refused, each with the reason."""
    empty: Placeholder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    template: ClassVar[str] = "record.html"
    title: str
    crumbs: tuple[Crumb, ...]
    initial: str = ""
    hue: int = 0
    icon: str = ""
    """Instead of an initial."""
    subtitle: tuple[Cell, ...] = ()
    path: tuple[Step, ...] = ()
    path_label: str = ""
    primary: Action | None = None
    actions: tuple[Action, ...] = ()
    """Beside the primary one, in the bar."""
    more: tuple[Action, ...] = ()
    """Behind the three dots."""
    tools: tuple[Action, ...] = ()
    """Icon buttons beside the title: call, mail."""
    tabs: tuple[Tab, ...] = ()
    counts_url: str = ""
    composer: Composer | None = None
    comments: Composer | None = None
    """Where a comment is written: below the other one."""
    timeline: tuple[Entry, ...] = ()
    timeline_kinds: tuple[Tab, ...] = ()
    """What may be shown of it: everything, or one kind of entry."""
    timeline_more_href: str = ""
    timeline_empty: Placeholder | None = None
    related: RelatedList | None = None
    """What the current tab shows instead of the timeline."""
    files: Files | None = None
    placeholder: Placeholder | None = None
    properties: tuple[PropertyGroup, ...] = ()
    position: str = ""
    """"1 / 1,284" """
    previous_href: str = ""
    next_href: str = ""
    banner: Banner | None = None


# --- form ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """One value to keep instead of what was typed."""

    value: str
    label: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Clash:
    """A field somebody else changed meanwhile, to something else than what was typed: what to keep is sent as `name`."""

    name: str
    mine: str
    """The value that keeps what stands in the field itself; chosen to begin with."""
    others: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form. What was typed comes back in `value`, also when it was refused."""

    name: str
    label: str
    kind: FieldKind = "text"
    value: str = ""
    values: tuple[str, ...] = ()
    """Of multi_choice and multi_lookup."""
    error: str = ""
    help: str = ""
    required: bool = False
    readonly: bool = False
    options: tuple[Option, ...] = ()
    """Choices; for a look-up the current ones (and, without JavaScript, the first ones to choose from)."""
    lookup_url: str = ""
    """GET `?q=` answers JSON `[{"value","label","hint"}]`."""
    placeholder: str = ""
    unit: str = ""
    """Written after a number; of money the currency, unless `options` lets it be chosen (sent as `<name>_currency`)."""
    currency: str = ""
    autocomplete: str = "off"
    wide: bool = False
    max_length: int = 0
    check_url: str = ""
    """GET `?value=` answers HTML shown under the field while typing (possible duplicates)."""
    clash: Clash | None = None
    mention_url: str = ""
    """Of long text, as in `Composer`."""


@dataclass(frozen=True, slots=True)
class FormSection:
    label: str
    fields: tuple[FormField, ...]
    help: str = ""
    open: bool = True


@dataclass(frozen=True, slots=True)
class Submit:
    label: str
    name: str = ""
    value: str = ""
    look: Literal["primary", "secondary", "danger"] = "secondary"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    template: ClassVar[str] = "form.html"
    title: str
    action: str
    sections: tuple[FormSection, ...]
    submits: tuple[Submit, ...]
    crumbs: tuple[Crumb, ...] = ()
    cancel_href: str = ""
    cancel_label: str = ""
    """Instead of "Cancel", where there is nothing left to cancel."""
    hidden: tuple[tuple[str, str], ...] = ()
    """`version` among them, when editing."""
    errors: tuple[str, ...] = ()
    """What no single field is to blame for."""
    conflict: Banner | None = None
    """The record was changed meanwhile: by whom, when; nothing was saved."""
    intro: str = ""
    multipart: bool = False
    kinds: tuple[Tab, ...] = ()
    """Forms to choose between (channel customer, end customer)."""
    redrawn_by: tuple[str, ...] = ()
    """Names of the fields by which others come and go."""
    download: bool = False
    """What it answers is a file to be saved: the page stays."""


# --- bringing a file in --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WizardStep:
    """One page of several on the way to something; `href` is "" where one isn't yet."""

    label: str
    href: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStartPage:
    """A file is dropped or chosen. POST `file` to `action`."""

    template: ClassVar[str] = "import_start.html"
    title: str
    action: str
    hint: str
    crumbs: tuple[Crumb, ...] = ()
    steps: tuple[WizardStep, ...] = ()
    patterns: tuple[Action, ...] = ()
    """Empty files with the right headings, to be filled in."""
    recent: tuple[Line, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFormatPage:
    """How a file is read, and its first lines read so."""

    template: ClassVar[str] = "import_format.html"
    title: str
    action: str
    fields: tuple[FormField, ...]
    crumbs: tuple[Crumb, ...] = ()
    steps: tuple[WizardStep, ...] = ()
    redrawn_by: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each with its number in the file."""
    errors: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportWord:
    """One value of a column, as often as it stands there, and the control for what it means."""

    said: str
    said_name: str
    times: str
    meant: FormField


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column of the file, and where it goes. `becomes` says how its first cell is read."""

    heading: str
    samples: tuple[str, ...]
    field: FormField
    further: tuple[FormField, ...] = ()
    becomes: str = ""
    wrong: str = ""
    words: tuple[ImportWord, ...] = ()
    words_label: str = ""
    words_open: bool = False
    known: str = ""


@dataclass(frozen=True, slots=True)
class ImportConstant:
    field: FormField
    drop: str
    """What the button that takes it away sends as `do`."""


@dataclass(frozen=True, slots=True)
class ImportPart:
    """What each line makes of one record type. `move` is what the buttons send behind "up ", "down " and "remove "."""

    label: str
    icon: str
    hidden: tuple[tuple[str, str], ...]
    columns: tuple[ImportColumn, ...]
    constants: tuple[ImportConstant, ...]
    constants_name: str
    more_constants: FormField | None
    rules: tuple[FormField, ...]
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    move: str = ""
    first: bool = True
    last: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportMappingPage:
    """What of a file goes where. With `look` or `do` the page comes back with that done, and nothing is saved."""

    template: ClassVar[str] = "import_mapping.html"
    title: str
    action: str
    parts: tuple[ImportPart, ...]
    crumbs: tuple[Crumb, ...] = ()
    steps: tuple[WizardStep, ...] = ()
    redrawn_by: tuple[str, ...] = ()
    more_parts: FormField | None = None
    """Which further records the same lines make."""
    saved: FormField | None = None
    """The mappings to choose from that were saved before."""
    name: FormField | None = None
    share: FormField | None = None
    errors: tuple[str, ...] = ()
    unsaved: bool = False


@dataclass(frozen=True, slots=True)
class ImportCount:
    label: str
    value: str
    tone: Tone = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcomePage:
    """What a trial says would happen, or what happened. While a job is under way the page asks `watch` how it stands."""

    template: ClassVar[str] = "import_outcome.html"
    title: str
    lead: str
    crumbs: tuple[Crumb, ...] = ()
    steps: tuple[WizardStep, ...] = ()
    job: JobLine | None = None
    watch: str = ""
    counts: tuple[tuple[str, tuple[ImportCount, ...]], ...] = ()
    """Of each record type, by outcome."""
    tabs: tuple[Tab, ...] = ()
    table: TableView | None = None
    earlier_href: str = ""
    more_href: str = ""
    banner: Banner | None = None
    actions: tuple[Action, ...] = ()


# --- home ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NumberTile:
    template: ClassVar[str] = "number"
    label: str
    value: str
    unit: str = ""
    delta: str = ""
    rising: bool | None = None
    """Direction of the arrow; None for no arrow."""
    good: bool | None = None
    """Whether that is good news."""
    compared: str = ""
    points: tuple[float, ...] = ()
    """Of the little curve, oldest first."""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    hint: str = ""
    href: str = ""
    icon: str = ""
    initial: str = ""
    hue: int = 0
    square: bool = False
    """An organisation's avatar instead of a person's."""
    side: Cell | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class LineTile:
    template: ClassVar[str] = "lines"
    label: str
    lines: tuple[Line, ...]
    hint: str = ""
    count: str = ""
    more: Action | None = None
    empty: str = ""
    width: Literal[4, 6, 8, 12] = 6
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    label: str
    percent: int
    tone: Tone = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ProgressTile:
    template: ClassVar[str] = "progress"
    label: str
    lines: tuple[Progress, ...]
    hint: str = ""
    width: Literal[4, 6, 8, 12] = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    template: ClassVar[str] = "home.html"
    greeting: str
    today: str = ""
    numbers: tuple[NumberTile, ...] = ()
    tiles: tuple[LineTile | ProgressTile, ...] = ()
    create: tuple[Action, ...] = ()
    """What can be made from here; the first is the primary button, the rest its menu."""
    banner: Banner | None = None


# --- plugins -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contribution:
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class ProcessState:
    """How far the processes are: "1/1 on epoch 7"."""

    acknowledged: int
    processes: int
    epoch: int
    waiting_for: tuple[str, ...] = ()
    """Names of those that have not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCard:
    name: str
    label: str
    version: str
    icon: str
    description: str
    on: bool
    """Whether it is switched on, also where it doesn't work."""
    url: str
    """The link and form of the switch: GET shows the impact, POST `enabled=0|1` (and `cascade=1`) switches."""
    hue: int = 0
    contributions: tuple[Contribution, ...] = ()
    needs: tuple[Tab, ...] = ()
    """Plugins this one needs; `current` marks the enabled ones."""
    needed_by: tuple[Tab, ...] = ()
    state: ProcessState | None = None
    error: str = ""
    """Why it could not be loaded, or failed; shown in place of the switch's promise."""
    error_detail: str = ""
    works: bool = True
    """One that doesn't can only be switched off."""
    left_out: bool = False
    """By safe mode; then `error` says so."""
    uninstall_url: str = ""
    """Of one that is off and has data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginsPage:
    template: ClassVar[str] = "plugins.html"
    cards: tuple[PluginCard, ...]
    tabs: tuple[Tab, ...] = ()
    state: ProcessState | None = None
    banner: Banner | None = None
    archives: tuple[ArchiveCard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveCard:
    """The data of a plugin that was uninstalled, as long as they can be brought back."""

    label: str
    name: str
    facts: tuple[str, ...]
    restore_url: str
    purge_url: str
    hue: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingPage:
    """Before a plugin's data leave for an archive, or an archive for good. Shown in a dialog where there is JavaScript."""

    template: ClassVar[str] = "leaving.html"
    title: str
    lead: str
    url: str
    """POST `name` (and `cascade=1`) does it."""
    button: str
    typed: str
    """What has to be typed, to be sure."""
    dependants: tuple[str, ...] = ()
    impacts: tuple[Impact, ...] = ()
    error: str = ""
    cancel_href: str = "/plugins"


@dataclass(frozen=True, slots=True)
class Impact:
    label: str
    items: tuple[str, ...] = ()
    count: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactPage:
    """What switching a plugin would do, before it is done. Shown in a dialog where there is JavaScript."""

    template: ClassVar[str] = "impact.html"
    label: str
    version: str
    enable: bool
    url: str
    """POST `enabled=0|1`, and `cascade=1` when the dependants go with it."""
    cancel_href: str
    dependants: tuple[str, ...] = ()
    """Enabled plugins that need it: they go with it, or it stays."""
    companions: tuple[str, ...] = ()
    """When switching on: what was switched off together with it."""
    impacts: tuple[Impact, ...] = ()
    """Records kept but hidden, menus, jobs, fields, …"""
    error: str = ""


# --- organisation and roles ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DepartmentNode:
    id: str
    label: str
    href: str
    count: str = ""
    """People in it and below."""
    current: bool = False
    open: bool = False
    inactive: bool = False
    head: str = ""
    children: tuple[DepartmentNode, ...] = ()


@dataclass(frozen=True, slots=True)
class StaffLine:
    id: str
    name: str
    initial: str
    hue: int
    href: str = ""
    position: str = ""
    department: str = ""
    phone: str = ""
    operator: str = ""
    """User name of one who can sign in; "" for staff without an account."""
    accounts: bool = True
    """Whether the viewer may know who has an account."""
    roles: tuple[str, ...] = ()
    status: str = ""
    tone: Tone = ""
    inactive: bool = False
    actions: tuple[Action, ...] = ()
    """Edit, make operator, roles, deactivate … what the viewer may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationPage:
    template: ClassVar[str] = "organisation.html"
    title: str
    tree: tuple[DepartmentNode, ...]
    department: str
    """Name of the chosen department."""
    staff: tuple[StaffLine, ...]
    url: str
    crumbs: tuple[Crumb, ...] = ()
    """Chain of departments above it."""
    head: str = ""
    note: str = ""
    primary: Action | None = None
    actions: tuple[Action, ...] = ()
    tree_actions: tuple[Action, ...] = ()
    department_actions: tuple[Action, ...] = ()
    """Rename, move, deactivate the chosen department."""
    find: QuickFind | None = None
    query: tuple[tuple[str, str], ...] = ()
    pager: Pager | None = None
    empty: Placeholder | None = None
    tabs: tuple[Tab, ...] = ()
    """Within it and below, only in it, inactive …"""


@dataclass(frozen=True, slots=True)
class RoleCard:
    label: str
    href: str
    description: str = ""
    people: int = 0
    preset: bool = False
    inactive: bool = False
    everybody: bool = False
    """Whoever signs in has it, without being given it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesPage:
    template: ClassVar[str] = "roles.html"
    roles: tuple[RoleCard, ...]
    tabs: tuple[Tab, ...] = ()
    """Roles, groups."""
    create: Action | None = None


@dataclass(frozen=True, slots=True)
class GroupCard:
    label: str
    href: str
    description: str = ""
    people: int = 0
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsPage:
    template: ClassVar[str] = "groups.html"
    groups: tuple[GroupCard, ...]
    tabs: tuple[Tab, ...] = ()
    create: Action | None = None
    empty: Placeholder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """A group: its words, its roles, who is in it."""

    template: ClassVar[str] = "group.html"
    title: str
    action: str
    fields: tuple[FormField, ...]
    crumbs: tuple[Crumb, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    conflict: Banner | None = None
    people: tuple[Line, ...] = ()
    people_more: str = ""
    """How many more there are than are named."""
    more: tuple[Action, ...] = ()
    cancel_href: str = ""


@dataclass(frozen=True, slots=True)
class EffectCell:
    """What somebody may do in the end, in words; `was` where they may do something else until a change is saved."""

    text: str
    was: str = ""
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class EffectRow:
    label: str
    cells: tuple[EffectCell | None, ...]
    """In the order of the actions; None where the records know no such action."""
    icon: str = ""
    own: tuple[tuple[str, EffectCell], ...] = ()
    """Rights only these records know, each with its name."""
    note: str = ""
    """Which fields are held back."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What somebody with a role may do, everybody's role and all that is inherited included."""

    actions: tuple[str, ...]
    rows: tuple[EffectRow, ...]
    rights: tuple[EffectCell, ...] = ()
    """Those about the whole house."""


@dataclass(frozen=True, slots=True)
class RightChange:
    """One thing somebody may do more or less than before."""

    what: str
    change: str
    """From what to what."""
    label: str
    """Gains, loses, or both."""
    tone: Tone
    icon: str


@dataclass(frozen=True, slots=True)
class Affected:
    """People for whom a change of rights means the same."""

    people: tuple[Line, ...]
    changes: tuple[RightChange, ...]
    further: tuple[RightChange, ...] = ()
    """More of them, folded away."""
    title: str = ""
    """How many they are; "" for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPage:
    """Who gains and who loses what by a change of rights, before it is made."""

    template: ClassVar[str] = "preview.html"
    title: str
    action: str
    summary: str
    affected: tuple[Affected, ...]
    submit: Submit
    hidden: tuple[tuple[str, str], ...] = ()
    """What was typed, and what of its outcome was seen here."""
    crumbs: tuple[Crumb, ...] = ()
    note: str = ""
    """How many more there are than are named."""
    back: bool = True
    """Whether there is a form to go back to, as it was filled in."""
    cancel_href: str = ""
    warning: str = ""
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class HeldField:
    """What a role leaves of one field; `states` where a record's state makes a difference."""

    field: FormField
    states: tuple[FormField, ...] = ()
    differing: int = 0
    """In how many states it differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFieldsPage:
    """The fields of one record type that a role holds back."""

    template: ClassVar[str] = "held_fields.html"
    title: str
    action: str
    fields: tuple[HeldField, ...]
    intro: str
    crumbs: tuple[Crumb, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    conflict: Banner | None = None
    cancel_href: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One square of the matrix: which records an action reaches."""

    name: str
    """Name of the form value, for instance `grant:customer:read`."""
    value: str = ""
    readonly: bool = False
    """The viewer doesn't hold it himself, so can't grant it."""
    absent: bool = False
    """The record type knows no such action."""
    options: tuple[Option, ...] = ()
    """The scopes that make sense here; empty for all of the page's."""
    label: str = ""
    """Of a right of the record type's own ("Approve"), which stands in no column."""
    error: str = ""
    stands: str = ""
    """What is saved, where the form says something else."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    label: str
    grants: tuple[Grant, ...]
    icon: str = ""
    area: str = ""
    """Heading above the first row of each plugin."""
    own: tuple[Grant, ...] = ()
    """Rights only this record type knows, each with its label."""
    fields: Action | None = None
    """Where the levels of its fields are kept; the label says how many are held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePage:
    """A role: its name, and record type × action -> scope."""

    template: ClassVar[str] = "role.html"
    title: str
    action: str
    name: FormField
    actions: tuple[str, ...]
    """Column heads."""
    rows: tuple[MatrixRow, ...]
    scopes: tuple[Option, ...]
    """From none to all, in growing order."""
    description: FormField | None = None
    departments: FormField | None = None
    """Which departments "chosen departments" means."""
    fields: tuple[FormField, ...] = ()
    crumbs: tuple[Crumb, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    readonly: bool = False
    conflict: Banner | None = None
    effect: Effect | None = None
    groups: tuple[Line, ...] = ()
    people: tuple[Line, ...] = ()
    people_more: str = ""
    """How many more there are than are named."""
    more: tuple[Action, ...] = ()
    cancel_href: str = ""
    banner: Banner | None = None


# --- lists of choices ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """One option of a list, as it looks on records, with what uses it."""

    key: str
    cell: Cell
    inactive: bool = False
    uses: tuple[Tab, ...] = ()
    """Record types with the number of records; linked where the viewer may open the list."""
    actions: tuple[Action, ...] = ()
    """Up and down."""
    more: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """The lists of one plugin."""

    label: str
    lists: tuple[Tab, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesPage:
    """Every list of choices at the left, the options of one of them at the right."""

    template: ClassVar[str] = "choices.html"
    title: str
    groups: tuple[ChoiceGroup, ...]
    label: str = ""
    """Name of the chosen list."""
    note: str = ""
    choices: tuple[ChoiceLine, ...] = ()
    create: Action | None = None
    empty: Placeholder | None = None


# --- fields and forms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DesignField:
    """One field in a template that is laid out: whether it is used, and what it is here."""

    key: str
    name: str
    """Its own name."""
    kind: str
    icon: str
    label: str = ""
    """The name it has in this template; "" for its own."""
    on: bool = True
    required: bool = False
    readonly: bool = False
    locked: str = ""
    """Why it can't be switched off or left empty; "" where it can."""
    managed: str = ""
    """Why nobody types it; "" where people do."""
    errors: tuple[str, ...] = ()
    further: tuple[FormField, ...] = ()
    """What is set less often: default, condition."""
    first: bool = False
    last: bool = False
    note: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class DesignGroup:
    label: str
    placeholder: str
    move: str
    """What the buttons up and down send, after "up " and "down "."""
    fields: tuple[DesignField, ...]
    first: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPreview:
    """A fragment: a form as it would be, to be looked at only."""

    template: ClassVar[str] = "form_preview.html"
    title: str
    sections: tuple[FormSection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignerPage:
    """The record types at the left, the template of one of them, and the form it makes.

    POST in the order of the page: `row` ("group" or "field:<key>"), `group` (headings), `on`, `required`, `readonly` (keys),
    `label.<key>`, `default.<key>`, `when.<key>`; with `do` ("up field:<key>", "down group:<place>", "group") the page comes
    back with that done, and nothing is saved.
    """

    template: ClassVar[str] = "designer.html"
    title: str
    types: tuple[ChoiceGroup, ...]
    label: str
    action: str
    groups: tuple[DesignGroup, ...]
    preview: FormPreview
    preview_url: str
    """POST the same form here for the fragment."""
    kinds: tuple[Action, ...]
    """The kinds of field that can be added."""
    new_group: DesignGroup
    """What one that is added looks like."""
    tabs: tuple[Tab, ...] = ()
    note: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    conflict: Banner | None = None
    reset: Action | None = None
    switched_off: tuple[Line, ...] = ()
    unsaved: bool = False
    look: bool = False
    """Whether the preview was asked for, where there is no room to show it always."""
    cancel_href: str = ""


# --- doors and errors ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage:
    template: ClassVar[str] = "sign_in.html"
    action: str = "/sign-in"
    user: str = ""
    next: str = ""
    """Where to go afterwards; kept as `next`."""
    error: str = ""
    notice: str = ""
    """For instance "You have been signed out."."""
    samples: tuple[Option, ...] = ()
    """Sample sign-ins of a demo: user name and who that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage:
    """Change one's password: POST `current`, `new`, `again`."""

    template: ClassVar[str] = "password.html"
    action: str
    forced: bool = False
    """At the first sign-in nothing else is open."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """By field; "" for all of it."""
    rules: tuple[str, ...] = ()
    cancel_href: str = ""
    user: str = ""
    """Helps password managers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """Where an account is signed in, and the tokens it has: one's own, or another's for those who keep accounts."""

    template: ClassVar[str] = "account.html"
    title: str
    lead: str
    parts: tuple[LineTile, ...]
    crumbs: tuple[Crumb, ...] = ()
    actions: tuple[Action, ...] = ()
    banner: Banner | None = None


# --- why somebody may or may not -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One rule, where it comes from, and what it rests on."""

    text: str
    icon: str
    tone: Tone = ""
    notes: tuple[str, ...] = ()
    because: tuple[ReasonLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """Somebody who can see the record, and each way in which they do."""

    name: str
    ways: tuple[str, ...]
    href: str = ""
    initial: str = ""
    hue: int = 0
    why: Action | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainPage:
    """Asks by GET about a person, a record, an action and a field; the answer first, then the rules behind it."""

    template: ClassVar[str] = "explain.html"
    title: str
    action: str
    fields: tuple[FormField, ...]
    hidden: tuple[tuple[str, str], ...] = ()
    crumbs: tuple[Crumb, ...] = ()
    errors: tuple[str, ...] = ()
    asked: str = ""
    """What was asked, in words: person, action, record, field."""
    allowed: bool | None = None
    """None: nothing was asked yet."""
    reasons: tuple[ReasonLine, ...] = ()
    readers: tuple[ReaderLine, ...] = ()
    """Who else can see the record, for those who may know."""
    previous_href: str = ""
    next_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """What somebody did, each line to be taken back; or what a batch on its way back left as it is."""

    template: ClassVar[str] = "changes.html"
    title: str
    lines: tuple[Line, ...] = ()
    lead: str = ""
    crumbs: tuple[Crumb, ...] = ()
    banner: Banner | None = None
    actions: tuple[Action, ...] = ()
    more_href: str = ""
    empty: Placeholder | None = None


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job: what it is, how it stands, what it says. `percent` None: there is nothing to measure."""

    title: str
    href: str
    hint: str
    state: Cell
    said: str = ""
    percent: int | None = None
    count: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsPage:
    """Jobs as a list, or one of them with its `facts`. While one is under way the page asks `watch` how it stands."""

    template: ClassVar[str] = "jobs.html"
    title: str
    lines: tuple[JobLine, ...]
    lead: str = ""
    crumbs: tuple[Crumb, ...] = ()
    tabs: tuple[Tab, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    error: str = ""
    detail: str = ""
    watch: str = ""
    more_href: str = ""
    empty: Placeholder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    template: ClassVar[str] = "error.html"
    status: int
    message: str = ""
    """Instead of the usual words for the status."""
    home_href: str = "/"
    reference: str = ""
    """What to quote when asking for help."""
    retry_href: str = ""


# --- palette -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
    label: str
    href: str
    hint: str = ""
    icon: str = ""
    initial: str = ""
    hue: int = 0
    square: bool = True
    shortcut: str = ""


@dataclass(frozen=True, slots=True)
class HitGroup:
    label: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteResults:
    """A fragment, not a page."""

    template: ClassVar[str] = "palette.html"
    groups: tuple[HitGroup, ...]
    query: str = ""
    more_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarRecords:
    """A fragment below a title being typed: what is on record already."""

    template: ClassVar[str] = "similar.html"
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """The same results as a page of its own, where there is no JavaScript."""

    template: ClassVar[str] = "search.html"
    url: str
    results: PaletteResults


Page = (
    ListPage
    | RecordPage
    | FormPage
    | HomePage
    | PluginsPage
    | ImpactPage
    | LeavingPage
    | OrganisationPage
    | RolesPage
    | RolePage
    | GroupsPage
    | GroupPage
    | PreviewPage
    | HeldFieldsPage
    | ChangesPage
    | JobsPage
    | ImportStartPage
    | ImportFormatPage
    | ImportMappingPage
    | ImportOutcomePage
    | ChoicesPage
    | DesignerPage
    | FormPreview
    | AccountPage
    | ExplainPage
    | SignInPage
    | PasswordPage
    | ErrorPage
    | PaletteResults
    | SimilarRecords
    | SearchPage
)
