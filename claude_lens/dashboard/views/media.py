"""What a page cut or left out: a text in full, an image of a conversation. Straight from the store."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from claude_lens.dashboard import text
from claude_lens.dashboard.blocks import IMAGE_TYPES
from claude_lens.dashboard.lens import Lens
from claude_lens.dashboard.templating import escaped, pretty
from claude_lens.errors import NotFound
from claude_lens.store.reading import turns

INLINE: Final = 1_000_000
"""Characters that are put into the page; more is answered as plain text of its own."""

_SANDBOX: Final = "default-src 'none'; sandbox"


def content(request: Request) -> Response:
    """What lies at a path in a content: an image's bytes, or a text (a fragment for htmx, else plain)."""
    lens: Lens = request.app.state.lens
    key = int(request.path_params["key"])
    with lens.reader.connect() as connection:
        found = turns.load(connection, [key] if key < 1 << 60 else [])
    if key not in found:
        raise NotFound("this content is not kept any more")
    return _shown(request, _walk(found[key], request, f"/content/{key}/"))


def sent(request: Request) -> Response:
    """The same of what lies at a path in the body of an exchange's request."""
    lens: Lens = request.app.state.lens
    name = request.path_params["exchange"]
    bodies = lens.reader.bodies(lens.reader.summary(name)["id"])
    if bodies is None or isinstance(bodies.request, bytes):
        raise NotFound("no body is kept")
    return _shown(request, _walk(bodies.request, request, f"/exchanges/{name}/request/"))


def _shown(request: Request, value: Any) -> Response:
    if isinstance(value, Mapping) and value.get("media_type") in IMAGE_TYPES:
        return _image(value)
    words = value if isinstance(value, str) else pretty(value)
    if "hx-request" in request.headers and len(words) <= INLINE:
        shown = escaped(text.without_ansi(words))
        copier = '<button type="button" class="copy" aria-label="Copy" data-copy></button>'
        html = f'<pre class="code full" tabindex="0">{shown}</pre>{copier}'
        return HTMLResponse(html.encode("utf-8", "replace"))
    if "hx-request" in request.headers:
        link = (
            f'<a href="{escaped(request.url.path)}" target="_blank">{len(words):,} characters: open apart</a>'
        )
        return HTMLResponse(f"<p>{link}</p>")
    answer = PlainTextResponse(words.encode("utf-8", "replace"))
    answer.headers["content-security-policy"] = _SANDBOX
    return answer


def _image(source: Mapping[str, Any]) -> Response:
    try:
        data = b64decode(str(source.get("data")), validate=False)
    except (Base64Error, ValueError):
        raise NotFound("this image is damaged") from None
    headers = {"content-security-policy": _SANDBOX, "cache-control": "private, max-age=86400"}
    return Response(data, media_type=str(source["media_type"]), headers=headers)


def _walk(value: Any, request: Request, before: str) -> Any:
    # The raw path: a key may hold a slash, which is escaped there.
    path = request.scope["raw_path"].decode("ascii", "replace").partition(before)[2].split("?")[0]
    for part in path.split("/"):
        name = unquote(part)
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise NotFound("there is nothing at this place") from None
    return value


routes = [
    Route("/content/{key:int}/{path:path}", content),
    Route("/exchanges/{exchange}/request/{path:path}", sent),
]
