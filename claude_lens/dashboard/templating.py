"""Templates: where they are, the words they use for numbers and times, and how a page is made of one."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from claude_lens import units
from claude_lens.dashboard import text
from claude_lens.happened import states

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
AGENT_COLOURS: Final = 7
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
NONE: Final = "\u2013"


@cache
def environment() -> Environment:
    """The one environment: everything is escaped, and every text cleaned, unless it is markup of ours."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        finalize=text.finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        money=units.money,
        count=units.count,
        duration=units.duration,
        size=units.size,
        number=number,
        share=cache_percent,
        prompt=prompt_tokens,
        when=when,
        clock=clock,
        agent_name=agent_name,
        agent_colour=agent_colour,
        model_name=model_name,
        pretty=pretty,
        folder=folder,
        sid=session_path,
        quoted=lambda words: shlex.quote(str(words)),
        epoch=lambda iso: datetime.fromisoformat(iso).timestamp(),
        short=lambda name: str(name)[:16],
        below=below,
        without_agent=lambda state: {**state, "agent_id": None},
    )
    made.globals.update(static=static_url, state_words=states.WORDS)
    return made


def render(name: str, **values: Any) -> str:
    """A template's text."""
    return environment().get_template(name).render(**values)


def page(name: str, status: int = 200, **values: Any) -> Response:
    """A template as an answer."""
    return HTMLResponse(render(name, **values).encode("utf-8", "replace"), status)


@cache
def static_url(name: str) -> str:
    """Address of a static file that changes when the file does, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def number(value: float | None) -> str:
    """``12,345``; a dash where there is none."""
    return NONE if value is None else f"{value:,.0f}"


def prompt_tokens(usage: Mapping[str, int] | None) -> int | None:
    """Everything the model read."""
    if not usage:
        return None
    return usage["input_tokens"] + usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]


def cache_percent(usage: Mapping[str, int] | None) -> int | None:
    """Share of the prompt that came from the cache, in whole percent; None without tokens."""
    total = prompt_tokens(usage)
    return round(100 * usage["cache_read_input_tokens"] / total) if usage and total else None


def when(iso: str | None, form: str = "time") -> Markup:
    """A ``time`` element: this machine's local time, which the page turns into the reader's; UTC on hover.

    ``form``: ``time`` (09:30:00), ``minute`` (21 Nov 09:30), ``second`` (21 Nov 09:30:00),
    ``day`` (2026-11-21) or ``full``.
    """
    if not iso:
        return Markup(NONE)
    at = datetime.fromisoformat(iso)
    utc = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" data-form="{}" title="{}">{}</time>').format(
        iso, form, utc, clock(iso, form)
    )


def clock(iso: str, form: str = "time") -> str:
    """This machine's local time in one of the forms of :func:`when`."""
    at = datetime.fromisoformat(iso).astimezone()
    forms = {"time": "%H:%M:%S", "day": "%Y-%m-%d", "full": "%Y-%m-%d %H:%M:%S"}
    if form in ("minute", "second"):
        return f"{at.day} {at:%b} " + at.strftime("%H:%M" if form == "minute" else "%H:%M:%S")
    return at.strftime(forms[form])


def agent_name(agent: Mapping[str, Any]) -> str:
    """What people call an agent."""
    return agent["name"] or agent["type"] or ("main" if agent["id"] is None else str(agent["id"]))


def agent_colour(agent_id: str | None) -> int:
    """0 for the main agent, else 1 to 7, always the same for the same id."""
    return 0 if agent_id is None else 1 + crc32(agent_id.encode("utf-8", "replace")) % AGENT_COLOURS


def model_name(name: str | None) -> str:
    """A model's name as people say it: without provider and date."""
    if not name:
        return NONE
    short = name.rpartition("/")[2]
    head, _, tail = short.rpartition("-")
    return (head if len(tail) == 8 and tail.isdigit() else short).removeprefix("claude-")


def session_path(name: str) -> str:
    """A session's id as one part of a path, whatever it holds; :func:`session_id` takes it back."""
    if _PLAIN_ID.fullmatch(name):
        return name
    return "~" + urlsafe_b64encode(name.encode("utf-8", "replace")).decode().rstrip("=")


def session_id(part: str) -> str:
    """The id behind :func:`session_path`."""
    if not part.startswith("~"):
        return part
    try:
        return urlsafe_b64decode(part[1:] + "=" * (-len(part[1:]) % 4)).decode("utf-8", "replace")
    except ValueError:
        return part


def folder(path: str | None) -> str:
    """The last part of a path."""
    return (path or "").rstrip("/\\").replace("\\", "/").rpartition("/")[2] or NONE


def below(path: str, folder: str | None) -> str:
    """A path from a folder on, where it is in there."""
    start = (folder or "").rstrip("/\\")
    return path[len(start) + 1 :] if start and path.startswith((f"{start}/", f"{start}\\")) else path


def pretty(value: Any) -> str:
    """JSON, indented, non-ASCII as it is."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def escaped(value: str) -> Markup:
    """Text as markup: cleaned and escaped."""
    return escape(text.clean(value))


def marked(words: str, marks: Iterable[tuple[int, int]]) -> Markup:
    """Text as markup, with ``mark`` elements from each start to each end."""
    at, shown = 0, Markup("")
    for start, end in marks:
        shown += escaped(words[at:start]) + Markup("<mark>{}</mark>").format(escaped(words[start:end]))
        at = end
    return shown + escaped(words[at:])
