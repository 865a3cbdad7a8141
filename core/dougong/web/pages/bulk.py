"""What is done with a selection of a list: asked once, with how many it concerns and what is skipped, then done.

Works as plain forms: the boxes of the list are sent, and the question keeps the ids it was asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from litestar import Request, Response, post
from pydantic import ValidationError

from dougong.db import transaction
from dougong.errors import DougongError, Forbidden, Invalid, NotFound, Problem, model_problems
from dougong.i18n import Text, _, number_text
from dougong.records import bulk
from dougong.records.bulk import Job
from dougong.records.desk import Changed
from dougong.records.fields import Field
from dougong.records.types import RecordType
from dougong.records.values import is_empty
from dougong.web.pages.dialogs import typed_in
from dougong.web.pages.forms import Typed, chosen_titles, form_field, model_field, sent, typed_again
from dougong.web.pages.lists import list_state, type_at
from dougong.web.pages.sharing import asked_share, share_fields
from dougong.web.render import go, page
from dougong.web.views import Crumb, FormField, FormPage, FormSection, Option, Submit

__all__ = ["ids_sent", "routes"]

AnyRequest = Request[Any, Any, Any]
_CLEAR, _ADD, _TAKE = "clear", "add", "take"
_MOST_REASONS = 4


# ------------------------------------------------------------------ what is asked, and what is done with the answer


async def _fields(record_type: RecordType, job: Job, typed: Typed) -> list[FormField]:
    if job.action is not None:
        form, domain = job.action.form, record_type.domain
        return [model_field(form, name, domain, typed) for name in form.model_fields] if form else []
    if job.reason:
        return [FormField("why", str(_("Why?")), "long_text", typed.values.get("why", ""), error=typed.error("why"))]
    if job.key == bulk.HAND_OVER:
        return await _record_fields(record_type, [record_type.fields["owner"]], typed, required=True)
    if job.key == bulk.SHARE:
        return await share_fields(typed)
    if job.field:
        return _choices_to_change(record_type.fields[job.field], typed)
    return await _fields_to_change(record_type, typed) if job.key == bulk.EDIT else []


async def _record_fields(
    record_type: RecordType, fields: Sequence[Field], typed: Typed, *, required: bool = False
) -> list[FormField]:
    shown = typed_again(record_type, typed)
    titles = await chosen_titles(fields, shown.values)
    return [form_field(record_type, f, shown, titles, required=required, readonly=False) for f in fields]


async def _fields_to_change(record_type: RecordType, typed: Typed) -> list[FormField]:
    known = bulk.changeable(record_type)
    asked = [_optional(field) for field in await _record_fields(record_type, list(known.values()), typed)]
    options = tuple(Option(f.key, str(f.label)) for f in known.values() if not f.required and is_empty(f.empty))
    cleared = typed.several.get(_CLEAR, ())
    return [*asked, FormField(_CLEAR, str(_("Empty these fields")), "multi_choice", values=cleared, options=options)]


def _choices_to_change(field: Field, typed: Typed) -> list[FormField]:
    """What is added can be chosen now; what is taken away may be offered no more."""
    asked = ((_ADD, _("Add"), field.options), (_TAKE, _("Take away"), field.every_option))
    return [
        FormField(
            name,
            str(label),
            "multi_choice",
            values=typed.several.get(name, ()),
            error=typed.error(name),
            options=tuple(Option(o.key, str(o.label or o.key)) for o in options),
            wide=True,
        )
        for name, label, options in asked
    ]


def _optional(shown: FormField) -> FormField:
    """Left empty, the field stays as it is in each record: a yes or no needs a third answer."""
    if shown.kind == "yes_no":
        options = (Option("true", str(_("Yes"))), Option("false", str(_("No"))))
        return replace(shown, kind="choice", options=options, placeholder=str(_("Leave as it is")))
    return replace(shown, placeholder=str(_("Leave as it is")), check_url="", help="")


async def _run(record_type: RecordType, job: Job, record_ids: Sequence[int], typed: Typed) -> Changed:
    if job.action is not None:
        asked = job.action.form.model_fields if job.action.form else ()
        given = {k: v for k, v in typed.values.items() if k in asked}
        return await bulk.run_many(record_type, record_ids, job.action, given)
    if job.target:
        return await bulk.move_many(record_type, record_ids, job.target, typed.values.get("why") or None)
    if job.key == bulk.DELETE:
        return await bulk.delete_many(record_type, record_ids)
    if job.key == bulk.SHARE:
        return await bulk.share_many(record_type, record_ids, *asked_share(typed))
    if job.field:
        chosen = {name: [key for key in typed.several.get(name, ()) if key] for name in (_ADD, _TAKE)}
        return await bulk.choose_many(record_type, record_ids, job.field, add=chosen[_ADD], take=chosen[_TAKE])
    return await bulk.change_many(record_type, record_ids, _new_values(record_type, job, typed))


def _new_values(record_type: RecordType, job: Job, typed: Typed) -> dict[str, Any]:
    given = {k: v for k, v in sent(record_type, typed.several).items() if not is_empty(v)}
    if job.key == bulk.HAND_OVER:
        if "owner" not in given:
            raise Invalid(Problem("owner", _("This must be filled in."), None, "required"))
        return {"owner": given["owner"]}
    known = bulk.changeable(record_type)
    cleared = {k: None for k in typed.several.get(_CLEAR, ()) if k in known}
    return {**cleared, **{k: v for k, v in given.items() if k in known}}


# ------------------------------------------------------------------ asking and doing


@post("/{collection:str}/bulk/{what:str}", include_in_schema=False, status_code=200)
async def do_many(request: AnyRequest, collection: str, what: str) -> Response[Any]:
    """Asks first; what comes back from the question is done."""
    record_type = type_at(collection)
    job = next((j for j in bulk.jobs_of(record_type) if j.key == what), None)
    if job is None:
        raise Forbidden if what in (bulk.EDIT, bulk.HAND_OVER, bulk.SHARE, bulk.DELETE) else NotFound
    form, typed = await request.form(), await typed_in(request)
    back = list_state(record_type, form).href(page=1)
    try:
        record_ids = await _selected(record_type, form, typed)
    except Invalid as err:
        return go(request, back, err.problems[0].message)
    if not typed.values.get("asked"):
        return page(request, await _question(record_type, job, record_ids, typed, back))
    try:
        async with transaction() as level:
            done = await _run(record_type, job, record_ids, typed)
    except ValidationError as err:
        typed = Typed(typed.values, model_problems(err), typed.several)
    except DougongError as err:
        problems = err.problems if isinstance(err, Invalid) and err.problems else (Problem("", str(err)),)
        typed = Typed(typed.values, problems, typed.several)
    else:
        return go(request, typed.values.get("back") or back, _result(done), batch=level.batch if done.changed else "")
    return page(request, await _question(record_type, job, record_ids, typed, back), status=422)


async def _selected(record_type: RecordType, form: Any, typed: Typed) -> list[int]:
    """The boxes that were ticked, or every record that the list finds."""
    if typed.values.get("all"):
        return await bulk.matching(list_state(record_type, form).query())
    return ids_sent(typed)


def ids_sent(typed: Typed) -> list[int]:
    """The boxes that were ticked; Invalid where none or too many were."""
    texts = [part for text in typed.several.get("ids", ()) for part in text.split(",")]
    return bulk.within_limit(int(t) for t in texts if t.isascii() and t.isdecimal() and len(t) < 19)


async def _question(record_type: RecordType, job: Job, record_ids: Sequence[int], typed: Typed, back: str) -> FormPage:
    skipped = await bulk.skipped_before(record_type, record_ids, job.right)
    reached = len(record_ids) - len(skipped)
    fields = tuple(await _fields(record_type, job, typed))
    words = _("%(count)s of %(all)s selected records.", count=number_text(reached), all=number_text(len(record_ids)))
    return FormPage(
        title=str(job.label),
        action=f"/{record_type.path}/bulk/{job.key}",
        crumbs=(Crumb(str(record_type.plural), back),),
        intro=f"{words} {_reasons(skipped)}".strip(),
        sections=(FormSection("", fields),) if fields else (),
        submits=(Submit(str(job.label), look="danger" if job.danger else "primary"),) if reached else (),
        cancel_href=typed.values.get("back") or back,
        hidden=(("ids", ",".join(map(str, record_ids))), ("asked", "1"), ("back", typed.values.get("back") or back)),
        errors=typed.others({f.name for f in fields}),
    )


def _result(done: Changed) -> str:
    words = str(_("%(count)s records changed.", count=number_text(len(done.changed))))
    return f"{words} {_reasons(done.skipped)}".strip()


def _reasons(skipped: Mapping[int, Text | str]) -> str:
    """What is left alone, by reason: "3 skipped: you don't have the right to do this (2); …"."""
    if not skipped:
        return ""
    counted = Counter(str(why).rstrip(".。") for why in skipped.values()).most_common(_MOST_REASONS)
    listed = "; ".join(f"{why} ({number_text(n)})" for why, n in counted)
    return str(_("%(count)s skipped: %(reasons)s.", count=number_text(len(skipped)), reasons=listed))


routes = [do_many]
