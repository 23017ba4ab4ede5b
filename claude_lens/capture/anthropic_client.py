"""The HTTP client that LiteLLM uses for Anthropic deployments, made honest.

LiteLLM rebuilds the request from the fields it knows. This subclass of its own client puts back what it
lost (unknown body fields, the query, the client's headers), and keeps the upstream's answer for the front.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
from litellm.llms.base_llm.chat.transformation import BaseLLMException
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler
from litellm.types.utils import all_litellm_params

from claude_lens.capture.headers import CREDENTIALS, for_upstream
from claude_lens.capture.inflight import InFlight, UpstreamAnswer
from claude_lens.exact import dump, parser_for

CONTROL_FIELDS = frozenset(all_litellm_params) - {"metadata"}
CLIENTS = ("httpx", "openai", "litellm.llms.custom_httpx")
CREDENTIAL_NAMES = frozenset(name.decode() for name in CREDENTIALS)
# LiteLLM adds it to every login's request; a client that wants it sends it.
BROWSER = "anthropic-dangerous-direct-browser-access"


class HonestAnthropicClient(AsyncHTTPHandler):  # type: ignore[misc]
    """Sends one exchange's request; shares the connection pool of the client it wraps.

    ``exact`` is true where nobody but LiteLLM itself could have wanted the request changed.
    """

    def __init__(self, pooled: AsyncHTTPHandler, flight: InFlight, *, exact: bool) -> None:
        self._pooled = pooled
        self._flight = flight
        self._exact = exact

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
            kwargs["data"] = restored_body(kwargs["data"], flight.sent, exact=self._exact)
        kwargs["headers"] = restored_headers(kwargs.get("headers") or {}, flight)
        try:
            response: httpx.Response = await self._pooled.post(url, *args, **kwargs)
        except Exception as error:
            note_error(flight, error)
            raise
        flight.upstream = UpstreamAnswer(response.status_code, list(response.headers.multi_items()))
        if kwargs.get("stream") and isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = WatchedStream(response.stream, flight)
        return response


class WatchedStream(httpx.AsyncByteStream):
    """The upstream's bytes; notes on the exchange how the upstream cut them, for LiteLLM hides it."""

    def __init__(self, stream: httpx.AsyncByteStream, flight: InFlight) -> None:
        self._stream = stream
        self._flight = flight

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except Exception as error:
            self._flight.cut = (str(error) or type(error).__name__).splitlines()[0]
            raise

    async def aclose(self) -> None:
        """Close the upstream's connection."""
        await self._stream.aclose()


def restored_body(sent: str | bytes, received: bytes, *, exact: bool) -> bytes:
    """What LiteLLM wants to send, with the top-level fields that it dropped.

    ``exact`` also takes back what LiteLLM changed in the others, as long as the model is the client's own:
    its repairs are for models that differ. The received bytes themselves, where nothing else differs.
    """
    raw = sent.encode() if isinstance(sent, str) else sent
    parse = parser_for(received)
    try:
        outgoing, original = parse(raw), parse(received)
    except (ValueError, RecursionError):
        return raw
    if exact and outgoing.get("model") == original.get("model"):
        outgoing.update({name: value for name, value in original.items() if name in outgoing})
    for name, value in original.items():
        if name not in outgoing and name not in CONTROL_FIELDS:
            outgoing[name] = value
    return received if outgoing == original else dump(outgoing)


def restored_headers(sent: dict[str, str], flight: InFlight) -> dict[str, str]:
    """The client's headers in their order, then LiteLLM's own that do not contradict them.

    The credential is LiteLLM's unless the client brought one. A name that comes twice is folded into one.
    """
    restored: dict[str, str] = {}
    for raw_name, raw_value in for_upstream(flight.headers, keep_credentials=flight.own_credential):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name != "content-length":
            restored[name] = f"{restored[name]}, {value}" if name in restored else value
    drop = {BROWSER, *CREDENTIAL_NAMES} if flight.own_credential else {BROWSER}
    for name, value in sent.items():
        if name.lower() not in drop:
            restored.setdefault(name.lower(), value)
    return restored


def note_error(flight: InFlight, error: BaseException) -> None:
    """Keep the upstream's status, headers and body, wherever in the chain of causes LiteLLM put them.

    The HTTP client's own error tells them exactly; LiteLLM's, which wraps it, only in its words.
    """
    chain = list(_chain(error))
    for answer in filter(None, (*map(_answer_of_client, chain), *map(_answer_of_litellm, chain))):
        flight.upstream = answer
        return


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _answer_of_client(error: BaseException) -> UpstreamAnswer | None:
    response = getattr(error, "response", None)
    # LiteLLM derives its own errors from the client's, and gives them a response that nobody sent.
    foreign = not type(error).__module__.startswith(CLIENTS)
    if foreign or not isinstance(response, httpx.Response) or not response.is_error:
        return None
    return UpstreamAnswer(
        response.status_code, list(response.headers.multi_items()), _content(error, response)
    )


def _answer_of_litellm(error: BaseException) -> UpstreamAnswer | None:
    status, message = getattr(error, "status_code", None), getattr(error, "message", None)
    known = isinstance(error, BaseLLMException) and isinstance(status, int) and isinstance(message, str)
    if not known:
        return None
    headers = dict(getattr(error, "headers", None) or {})
    listed = [(str(name), str(value)) for name, value in headers.items()]
    return UpstreamAnswer(int(str(status)), listed, str(message).encode())


def _content(error: BaseException, response: httpx.Response) -> bytes:
    try:
        return response.content
    except httpx.ResponseNotRead:
        text = getattr(error, "text", None) or getattr(error, "message", None) or ""
        return str(text).encode()
