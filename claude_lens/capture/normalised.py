"""Other providers' answers, put in order between LiteLLM's HTTP clients and its translation.

LiteLLM reads each provider's answers with other code, through the OpenAI SDK or clients of its own. They
all send with httpx, and there the answer to an exchange in flight is taken over, whoever asked for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import ContextVar
from typing import Any

import httpx

from claude_lens import exact
from claude_lens.capture.answers import error_body
from claude_lens.capture.inflight import InFlight, UpstreamAnswer
from claude_lens.normalising.problem import Problem, Unfinished, problem_in
from claude_lens.normalising.stream import Normaliser, dialect_of
from claude_lens.wire.parse import parse_object

# The exchange that the running task works for.
CURRENT: ContextVar[InFlight | None] = ContextVar("claude_lens_flight", default=None)
# Seconds for the first event to come before the client is told that the answer has begun.
PATIENCE = 10.0
LEFT = b'"thinking_blocks"'
FRAMING = frozenset(("content-length", "content-encoding", "transfer-encoding"))

Sending = Callable[..., Coroutine[Any, Any, httpx.Response]]


def install() -> None:
    """Take over httpx's answers from now on; does nothing the second time."""
    original = httpx.AsyncClient.send
    if not getattr(original, "_claude_lens", False):
        taken = _taking_over(original)
        taken._claude_lens = True  # type: ignore[attr-defined]
        httpx.AsyncClient.send = taken  # type: ignore[method-assign]


def _taking_over(original: Sending) -> Sending:
    @functools.wraps(original)
    async def send(client: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        flight = CURRENT.get()
        if flight is None or not flight.translating or request.method != "POST":
            return await original(client, request, **options)
        wanted = bool(options.pop("stream", False))
        response = await normalised(await original(client, as_sent(request), stream=True, **options), flight)
        if not wanted:
            try:
                await response.aread()
            except BaseException:
                await response.aclose()
                raise
        return response

    return send


def as_sent(request: httpx.Request) -> httpx.Request:
    """The request without what LiteLLM leaves in it of Anthropic's: thoughts, told beside their text."""
    with contextlib.suppress(httpx.RequestNotRead):
        body = parse_object(request.content) if LEFT in request.content else None
        messages = body.get("messages") if body else None
        if body and isinstance(messages, list):
            for message in messages:
                if isinstance(message, dict):
                    message.pop("thinking_blocks", None)
            headers = [(name, value) for name, value in request.headers.multi_items() if name not in FRAMING]
            made = httpx.Request(request.method, request.url, headers=headers, content=exact.dump(body))
            made.extensions = request.extensions
            return made
    return request


async def normalised(response: httpx.Response, flight: InFlight) -> httpx.Response:
    """The answer in order; one with an error's status where its first event is an error."""
    dialect = dialect_of(response.request.url.path)
    if dialect is None:
        return response
    headers = list(response.headers.multi_items())
    if response.is_error:
        flight.upstream = UpstreamAnswer(response.status_code, headers, await response.aread())
        return response
    flight.usage_told, flight.refused, flight.cut, flight.problem = False, False, None, None
    if not _streamed(response.request):
        return await _whole(response, flight)
    stream = _Ordered(response, Normaliser(dialect), flight)
    if (problem := await stream.begin()) is not None:
        await response.aclose()
        return _refused(response, flight, problem)
    flight.answering = True
    kept = [(name, value) for name, value in headers if name.lower() not in FRAMING]
    return httpx.Response(
        response.status_code,
        headers=kept,
        stream=stream,
        request=response.request,
        extensions={name: value for name, value in response.extensions.items() if name != "network_stream"},
    )


def _streamed(request: httpx.Request) -> bool:
    if ":" in request.url.path.rpartition("/")[2]:
        return "streamGenerateContent" in request.url.path
    with contextlib.suppress(httpx.RequestNotRead):
        body = parse_object(request.content) or {}
        return bool(body.get("stream", "/api/" in request.url.path))
    return False


def _refused(response: httpx.Response, flight: InFlight, problem: Problem) -> httpx.Response:
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in FRAMING]
    body = error_body(problem.status, problem.message)
    flight.upstream = UpstreamAnswer(problem.status, headers, body)
    plain = [pair for pair in headers if pair[0].lower() != "content-type"]
    told = [*plain, ("content-type", "application/json")]
    return httpx.Response(problem.status, headers=told, content=body, request=response.request)


async def _whole(response: httpx.Response, flight: InFlight) -> httpx.Response:
    """An answer that was not asked for as a stream: looked at, and put together where it came as one."""
    body = parse_object(await response.aread())
    if body is None:
        return response
    if (problem := problem_in(body)) is not None and not body.get("choices") and not body.get("output"):
        return _refused(response, flight, problem)
    told = body.get("usage") or body.get("usageMetadata") or body.get("eval_count")
    flight.usage_told = bool(told)
    if "candidates" not in body or told:
        return response
    # LiteLLM refuses an answer of Gemini's without counts; zeros tell none either.
    counted = {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}
    content = exact.dump({**body, "usageMetadata": counted})
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in FRAMING]
    return httpx.Response(response.status_code, headers=headers, content=content, request=response.request)


class _Ordered(httpx.AsyncByteStream):
    """The provider's bytes in order. What broke it off is noted: LiteLLM words it anew."""

    def __init__(self, response: httpx.Response, normaliser: Normaliser, flight: InFlight) -> None:
        self._response = response
        self._normaliser = normaliser
        self._flight = flight
        self._pieces = self._read()
        self._beginning: list[bytes] = []
        self._begun: asyncio.Task[None] | None = None

    async def begin(self) -> Problem | None:
        """Wait for the first words for a while; the error that the provider tells instead of them."""
        self._begun = asyncio.ensure_future(self._begin())
        try:
            await asyncio.wait({self._begun}, timeout=PATIENCE)
        except asyncio.CancelledError:
            self._begun.cancel()
            raise
        failed = self._begun.done() and self._begun.exception() is not None
        return self._flight.problem if failed else None

    async def _begin(self) -> None:
        async for piece in self._pieces:
            self._beginning.append(piece)
            if self._normaliser.said:
                break

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun is not None:
            await asyncio.wait({self._begun})
        for piece in self._beginning:
            yield piece
        if self._begun is not None:
            self._begun.result()
        async for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        """Close the provider's connection."""
        if self._begun is not None and not self._begun.done():
            self._begun.cancel()
        await self._response.aclose()

    async def _read(self) -> AsyncIterator[bytes]:
        flight, normaliser = self._flight, self._normaliser
        try:
            async for data in self._response.aiter_bytes():
                for piece in normaliser.feed(data):
                    self._note()
                    yield piece
            for piece in normaliser.close():
                self._note()
                yield piece
        except Problem as problem:
            flight.problem = problem
            raise httpx.RemoteProtocolError(problem.message) from problem
        except Unfinished as error:
            flight.cut = str(error)
            raise httpx.RemoteProtocolError(flight.cut) from error
        except Exception as error:
            if not normaliser.ended:
                flight.cut = (str(error) or type(error).__name__).splitlines()[0]
                raise
            # Whoever has said all may close the connection as it likes.
            for piece in normaliser.close():
                yield piece

    def _note(self) -> None:
        self._flight.usage_told = self._normaliser.usage_told
        self._flight.refused = self._normaliser.refused
