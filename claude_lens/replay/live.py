"""Passing requests on to the proxy that runs: what the record does not answer, a model does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from claude_lens import exact
from claude_lens.errors import ProxyError
from claude_lens.launcher import Place, Problem, claude_environment, ensure_proxy, login_pays

_HOP: Final = frozenset(
    ("connection", "content-length", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade")
)
MODEL: Final = "x-claude-lens-model"
Named = Callable[[Mapping[str, Any]], str | None]
Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Way:
    """The proxy that runs: its address, a key that it knows, and the environment of its clients."""

    url: str
    key: str
    environ: Mapping[str, str]

    def is_served(self, model: str) -> bool:
        """Whether the proxy serves a model under its own name; others it is told in a header."""
        try:
            headers = {"x-litellm-api-key": self.key, "anthropic-version": "2023-06-01"}
            told = httpx.get(f"{self.url}/v1/models", headers=headers, timeout=30, trust_env=False).json()
            names = {one.get("id") for one in told["data"]}
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            names = set()
        return model in names or model.startswith("claude-")


def way(environ: Mapping[str, str], project: str | None, branch: str | None) -> Way:
    """The proxy of this user, started where it does not run; ``project`` and ``branch`` go with requests.

    Raises :class:`ProxyError`.
    """
    try:
        place = Place(environ)
        seen = ensure_proxy(place)
        key = place.key(seen.key)
        pays = seen.answer.get("credential") == "proxy" and not login_pays(place)
        given = {**environ, **claude_environment(environ, place, key, pays)}
        changed = {name: value for name, value in given.items() if value is not None}
    except Problem as problem:
        raise ProxyError(f"there is no proxy to go on with: {problem}") from None
    lines = [
        line
        for line in changed.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
        if not line.startswith("x-claude-lens-")
    ]
    told = {"project": project, "branch": branch}
    lines += [f"x-claude-lens-{name}: {quote(value)}" for name, value in told.items() if value]
    return Way(place.url, key, {**changed, "ANTHROPIC_CUSTOM_HEADERS": "\n".join(lines)})


class Live:
    """``url``: the proxy's address. ``change``: what is done to a body; one left as it is keeps its bytes.

    ``before`` is told the session of each request before it goes on; ``named`` gives the model that the proxy
    is told in a header, which its body does not name.
    """

    def __init__(
        self,
        url: str,
        change: Change | None = None,
        before: Callable[[str | None], None] | None = None,
        named: Named | None = None,
    ) -> None:
        self._url = url
        self._named = named
        self._change = change
        self._before = before
        self._client: httpx.AsyncClient | None = None

    async def pass_on(self, request: Request, raw: bytes, body: Mapping[str, Any] | None) -> Response:
        """Send a request on, and its answer back as it comes."""
        if self._client is None:
            # Nothing of the environment: the proxy is on a known address. An answer may take its time.
            self._client = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(None, connect=10.0))
        if body is not None and self._change is not None:
            changed = self._change(body)
            raw = raw if changed is body else exact.dump(changed)
        if self._before is not None:
            self._before(request.headers.get("x-claude-code-session-id"))
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in _HOP]
        if body is not None and self._named is not None and (name := self._named(body)):
            headers.append((MODEL, name))
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            sent = self._client.build_request(
                request.method, f"{self._url}{request.url.path}{query}", headers=headers, content=raw
            )
            answer = await self._client.send(sent, stream=True)
        except httpx.HTTPError as error:
            told = {"type": "api_error", "message": f"the proxy at {self._url} did not answer: {error}"}
            return JSONResponse({"type": "error", "error": told}, 502)
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}
        return StreamingResponse(_pieces(answer), answer.status_code, kept)


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def changing(
    recorded_model: str | None,
    model: str | None,
    system: str | None = None,
    without: frozenset[str] = frozenset(),
) -> Change:
    """What a fork does to requests: another model where the origin's main one is asked, another system prompt
    for the main conversation, fewer tools."""

    def change(body: Mapping[str, Any]) -> Mapping[str, Any]:
        changed = dict(body)
        if model is not None and body.get("model") == recorded_model:
            changed["model"] = model
        tools = body.get("tools")
        if without and isinstance(tools, list):
            changed["tools"] = [
                tool for tool in tools if not isinstance(tool, Mapping) or tool.get("name") not in without
            ]
        blocks = body.get("system")
        if system is not None and tools and isinstance(blocks, list) and blocks:
            changed["system"] = [*blocks[:-1], {**blocks[-1], "text": system}]
        return body if changed == body else changed

    return change
