"""Where one is signed in, and the tokens of one's programs: each can be ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.principal import current
from dougong.errors import Forbidden, Invalid, NotFound, Problem
from dougong.i18n import Text, _, company_zone, date_text, moment_text, number_text, today
from dougong.people import sign_in
from dougong.people.sign_in import OpenSession
from dougong.web.addresses import short_id_at
from dougong.web.pages.dialogs import answered, confirm_page, dialog_page
from dougong.web.pages.forms import Typed
from dougong.web.render import go, page
from dougong.web.views import AccountPage, Action, Cell, FormField, FormPage, FormSection, Line, LineTile
from dougong.web.visitors import visitor_of

__all__ = ["idle_of", "routes", "session_part", "token_ending", "token_part"]

AnyRequest = Request[Any, Any, Any]
SESSIONS = "/sessions"
TOKENS = f"{SESSIONS}/tokens"

_BROWSERS: Mapping[str, Text | str] = {
    "MicroMessenger": _("WeChat"),
    "DingTalk": _("DingTalk"),
    "Lark": _("Feishu"),
    "Edg": "Edge",
    "OPR/": "Opera",
    "QQBrowser": _("QQ Browser"),
    "UCBrowser": _("UC Browser"),
    "HuaweiBrowser": _("Huawei Browser"),
    "MiuiBrowser": _("Mi Browser"),
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
"""What a browser says in its user agent, the more telling word before those that others copy."""
_SYSTEMS: Mapping[str, Text | str] = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "HarmonyOS": _("HarmonyOS"),
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "Linux": "Linux",
}
_HAND_HELD = ("iPhone", "iPad", "Android", "HarmonyOS", "Mobile")


# ------------------------------------------------------------------ one's own page


@get(SESSIONS, include_in_schema=False)
async def show_sessions(request: AnyRequest) -> Response[Any]:
    user, here = current().user, _here(request)
    sessions = await sign_in.sessions_of(user, idle_of(request))
    others = Action(str(_("Sign out everywhere else")), f"{SESSIONS}/end-others", "logout", method="post")
    new = Action(str(_("New token")), f"{TOKENS}/new", "plus", dialog=True)
    view = AccountPage(
        title=str(_("Signed in on")),
        lead=str(_("Sign out wherever it isn't you, then change your password.")),
        parts=(
            session_part(sessions, SESSIONS, here=here, more=others if any(s.id != here for s in sessions) else None),
            token_part(await sign_in.tokens_of(user), TOKENS, more=new),
        ),
        actions=(Action(str(_("Change password")), "/password", "key"),),
    )
    return page(request, view)


def _here(request: AnyRequest) -> int | None:
    """The session this request came with; a program has none."""
    session = visitor_of(request).session
    return session.session if session else None


def idle_of(request: AnyRequest) -> dt.timedelta:
    return dt.timedelta(hours=request.app.state.config.session_idle_hours)


@post(f"{SESSIONS}/{{session:str}}/end", include_in_schema=False, status_code=200)
async def end_session(request: AnyRequest, session: str) -> Response[Any]:
    await sign_in.end_session(current().user, short_id_at(session))
    return go(request, SESSIONS, _("Signed out there."))


@post(f"{SESSIONS}/end-others", include_in_schema=False, status_code=200)
async def end_others(request: AnyRequest) -> Response[Any]:
    await sign_in.end_other_sessions(current().user, _here(request))
    return go(request, SESSIONS, _("Signed out everywhere else."))


# ------------------------------------------------------------------ tokens


@get(f"{TOKENS}/new", include_in_schema=False)
async def ask_token(request: AnyRequest) -> Response[Any]:
    return page(request, await _token_page(Typed({})))


async def _token_page(typed: Typed) -> FormPage:
    fields = (
        FormField(
            "label",
            str(_("What it is for")),
            value=typed.values.get("label", ""),
            error=typed.error("label"),
            required=True,
            max_length=100,
            wide=True,
        ),
        FormField(
            "until",
            str(_("Last day")),
            "date",
            value=typed.values.get("until", ""),
            error=typed.error("until"),
            help=str(_("Up to and including this day; empty for good.")),
        ),
    )
    intro = _("With a token a program may do whatever you may. It is shown once; keep it like a password.")
    return dialog_page(_("New token"), f"{TOKENS}/new", SESSIONS, fields, typed, save=_("Make token"), intro=intro)


@post(f"{TOKENS}/new", include_in_schema=False, status_code=200)
async def make_token(request: AnyRequest) -> Response[Any]:
    if visitor_of(request).by_token:
        raise Forbidden(_("A token makes no further tokens: sign in for that."))

    async def do(typed: Typed) -> Response[Any]:
        label = typed.values.get("label", "").strip()
        if not label:
            raise Invalid(
                Problem("label", _("Say what it is for: so you know later which one to end."), rule="required")
            )
        token = await sign_in.create_token(current().user, label, _end_of(typed.values.get("until", "")))
        return page(request, _made_page(label, token))

    return await answered(request, do, _token_page)


def _end_of(text: str) -> dt.datetime | None:
    """The end of the last day, in the company's time zone."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
        after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), company_zone())
    except (ValueError, OverflowError):
        raise Invalid(Problem("until", _("Write a date as 2026-09-30."), text, "date")) from None
    if day < today():
        raise Invalid(Problem("until", _("This day is over."), text, "past"))
    return after


def _made_page(label: str, token: str) -> FormPage:
    """The token: shown in this answer alone."""
    field = FormField("shown_token", str(_("Token")), value=token, readonly=True, wide=True)
    return FormPage(
        title=str(_("Token “%(label)s”", label=label)),
        action=SESSIONS,
        sections=(FormSection("", (field,)),),
        submits=(),
        cancel_href=SESSIONS,
        cancel_label=str(_("Done")),
        intro=str(_("Copy it now: it is shown only once.")),
    )


@get(f"{TOKENS}/{{token:str}}/end", include_in_schema=False)
async def ask_end(request: AnyRequest, token: str) -> Response[Any]:
    return page(request, await token_ending(current().user, short_id_at(token), TOKENS, SESSIONS))


async def token_ending(user: int, token: int, path: str, back: str) -> FormPage:
    """Asks before a token is ended: what uses it stops working."""
    known = next((t for t in await sign_in.tokens_of(user) if t["id"] == token), None)
    if known is None:
        raise NotFound
    title = _("End the token “%(label)s”?", label=_label(known))
    intro = _("Programs that use it are turned away from now on. This can't be taken back.")
    return confirm_page(title, f"{path}/{token}/end", back, _("End token"), intro, Typed({}))


@post(f"{TOKENS}/{{token:str}}/end", include_in_schema=False, status_code=200)
async def end_token(request: AnyRequest, token: str) -> Response[Any]:
    await sign_in.remove_token(current().user, short_id_at(token))
    return go(request, SESSIONS, _("The token is ended."))


# ------------------------------------------------------------------ the lists, one's own and those of accounts one keeps


def session_part(
    sessions: Iterable[OpenSession], path: str, *, here: int | None = None, more: Action | None = None
) -> LineTile:
    """The session this page was asked for with comes first; it has no button, that is what signing out is for."""
    ordered = sorted(sessions, key=lambda s: s.id != here)
    return LineTile(
        str(_("Signed in on")),
        tuple(_session(s, path, here=s.id == here) for s in ordered),
        count=number_text(len(ordered)),
        more=more,
        empty=str(_("Signed in nowhere.")),
        width=12,
        icon="logout",
    )


def _session(session: OpenSession, path: str, *, here: bool) -> Line:
    said = [session.ip] if session.ip else []
    said += [str(_("since %(moment)s", moment=moment_text(session.created)))]
    said += [str(_("last used %(moment)s", moment=moment_text(session.seen)))]
    end = Action(str(_("Sign out")), f"{path}/{session.id}/end", method="post")
    return Line(
        device_in_words(session.agent),
        hint=" · ".join(said),
        icon="device-mobile" if any(word in session.agent for word in _HAND_HELD) else "device-desktop",
        side=Cell("tag", str(_("this one")), tone="pri") if here else None,
        actions=() if here else (end,),
    )


def device_in_words(agent: str) -> str:
    """ "Chrome, Windows", as far as a browser says so."""
    found = [str(words[sign]) for words in (_BROWSERS, _SYSTEMS) if (sign := _first(words, agent))]
    return ", ".join(found) or agent.partition(" ")[0][:40] or str(_("Unknown device"))


def _first(words: Mapping[str, Any], agent: str) -> str:
    return next((sign for sign in words if sign in agent), "")


def token_part(tokens: Iterable[Mapping[str, Any]], path: str, *, more: Action | None = None) -> LineTile:
    lines = tuple(_token(token, path) for token in tokens)
    hint = str(_("for programs"))
    return LineTile(
        str(_("Tokens")),
        lines,
        hint=hint,
        count=number_text(len(lines)),
        more=more,
        empty=str(_("No tokens.")),
        width=12,
        icon="key",
    )


def _token(token: Mapping[str, Any], path: str) -> Line:
    said = [str(_("made %(moment)s", moment=moment_text(token["created"])))]
    said += [str(_("last used %(moment)s", moment=moment_text(token["used"])) if token["used"] else _("never used"))]
    expires = token["expires"]
    if expires is not None:
        day = (expires - dt.timedelta(microseconds=1)).astimezone(company_zone()).date()
        said.append(str(_("until %(day)s", day=date_text(day))))
    over = expires is not None and expires <= dt.datetime.now(dt.UTC)
    return Line(
        _label(token),
        hint=" · ".join(said),
        icon="key",
        side=Cell("tag", str(_("over"))) if over else None,
        actions=(Action(str(_("End")), f"{path}/{token['id']}/end", dialog=True),),
    )


def _label(token: Mapping[str, Any]) -> str:
    return token["label"] or str(_("Without a name"))


routes = [show_sessions, end_session, end_others, ask_token, make_token, ask_end, end_token]
