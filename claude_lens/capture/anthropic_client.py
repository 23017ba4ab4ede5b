"""The HTTP client that LiteLLM uses for Anthropic deployments, made honest.

LiteLLM rebuilds the request from the fields it knows. This subclass of its own client puts back what it
lost (unknown body fields, the query, the client's headers), and keeps the upstream's answer for the front.
"""

from __future__ import annotations

from typing import Any

import httpx
import orjson
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler
from litellm.types.utils import all_litellm_params

from claude_lens.capture.headers import CREDENTIALS, for_upstream
from claude_lens.capture.inflight import InFlight, UpstreamAnswer

CONTROL_FIELDS = frozenset(all_litellm_params) - {"metadata"}


class HonestAnthropicClient(AsyncHTTPHandler):  # type: ignore[misc]
    """Sends one exchange's request; shares the connection pool of the client it wraps."""

    def __init__(self, pooled: AsyncHTTPHandler, flight: InFlight) -> None:
        self._pooled = pooled
        self._flight = flight

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pooled, name)

    def __del__(self) -> None:
        """The pooled client owns the connections; nothing is closed here."""

    async def post(self, url: str, *args: Any, **kwargs: Any) -> httpx.Response:
        """As ``AsyncHTTPHandler.post``, with the client's request restored."""
        flight = self._flight
        if flight.query and "?" not in url:
            url = f"{url}?{flight.query}"
        if isinstance(kwargs.get("data"), (str, bytes)):
            kwargs["data"] = restored_body(kwargs["data"], flight.body)
        kwargs["headers"] = restored_headers(kwargs.get("headers") or {}, flight)
        try:
            response: httpx.Response = await self._pooled.post(url, *args, **kwargs)
        except Exception as error:
            note_error(flight, error)
            raise
        flight.upstream = UpstreamAnswer(response.status_code, list(response.headers.multi_items()))
        return response


def restored_body(sent: str | bytes, received: bytes) -> bytes:
    """What LiteLLM wants to send, with the top-level fields that it dropped.

    The received bytes themselves, where nothing else differs.
    """
    try:
        outgoing, original = orjson.loads(sent), orjson.loads(received)
    except orjson.JSONDecodeError:
        return sent.encode() if isinstance(sent, str) else sent
    for name, value in original.items():
        if name not in outgoing and name not in CONTROL_FIELDS:
            outgoing[name] = value
    return received if outgoing == original else orjson.dumps(outgoing)


def restored_headers(sent: dict[str, str], flight: InFlight) -> dict[str, str]:
    """LiteLLM's headers under the client's own; the credential is LiteLLM's unless the client brought one."""
    client = {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in for_upstream(flight.headers, keep_credentials=flight.own_credential)
        if name != b"content-length"
    }
    credentials = {name.decode() for name in CREDENTIALS}
    drop = credentials if flight.own_credential else set()
    kept = {name.lower(): value for name, value in sent.items() if name.lower() not in drop}
    return {**kept, **client}


def note_error(flight: InFlight, error: BaseException) -> None:
    """Keep the upstream's status, headers and body, wherever in the chain of causes LiteLLM put them."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        answer = _answer_in(current)
        if answer:
            flight.upstream = answer
            return
        current = current.__cause__ or current.__context__


def _answer_in(error: BaseException) -> UpstreamAnswer | None:
    response = getattr(error, "response", None)
    if isinstance(error, httpx.HTTPStatusError) and isinstance(response, httpx.Response):
        return UpstreamAnswer(
            response.status_code, list(response.headers.multi_items()), _content(error, response)
        )
    status, message = getattr(error, "status_code", None), getattr(error, "message", None)
    if type(error).__name__ in ("BaseLLMException",) or _is_base_llm(error):
        headers = getattr(error, "headers", None) or {}
        if isinstance(status, int) and isinstance(message, str):
            return UpstreamAnswer(
                status, [(str(k), str(v)) for k, v in dict(headers).items()], message.encode()
            )
    return None


def _is_base_llm(error: BaseException) -> bool:
    return any(base.__name__ == "BaseLLMException" for base in type(error).__mro__)


def _content(error: httpx.HTTPStatusError, response: httpx.Response) -> bytes:
    try:
        return response.content
    except httpx.ResponseNotRead:
        text = getattr(error, "text", None) or getattr(error, "message", None) or ""
        return str(text).encode()
