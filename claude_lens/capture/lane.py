"""The transparent lane: to Anthropic and back, byte for byte, with nothing parsed on the way."""

from __future__ import annotations

import asyncio
import os
from urllib.parse import urlsplit

import aiohttp

from claude_lens.capture.answers import respond_error
from claude_lens.capture.asgi import Receive, Send
from claude_lens.capture.headers import end_to_end, for_upstream, get
from claude_lens.capture.inflight import InFlight, RawHeaders
from claude_lens.capture.patience import Patience
from claude_lens.capture.upstream import Upstream, UpstreamClient
from claude_lens.settings import Settings

NO_KEY = (
    "claude-lens has no key for Anthropic: set ANTHROPIC_API_KEY in the proxy's environment or .env file and "
    "run `lensctl restart`, or log in with `claude` itself"
)
RETRIED = frozenset((408, 409, 429, 500, 502, 503, 504, 529))
# What the server in front of us writes by itself; None of the upstream's may stand beside it.
SERVER_HEADERS = frozenset((b"date", b"server"))


class Lane:
    """Forwards requests. ``own_server`` is true where our server leaves ``date`` and ``server`` to us."""

    def __init__(self, client: UpstreamClient, settings: Settings, *, own_server: bool) -> None:
        self._client = client
        self._settings = settings
        self._own_server = own_server

    async def forward(self, flight: InFlight, upstream: Upstream, receive: Receive, send: Send) -> None:
        """Forward and answer; ends the exchange in every case."""
        flight.provider = "anthropic"
        key = None if flight.own_credential else provider_key(upstream)
        if key is None and not flight.own_credential:
            flight.passed(await respond_error(send, 401, NO_KEY))
            flight.end("error", 401, [(b"content-type", b"application/json")], NO_KEY)
            return
        headers = for_upstream(flight.headers, keep_credentials=flight.own_credential)
        if flight.outgoing is not None:
            headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        if key:
            headers.append(key)
        version = self._settings.anthropic_version
        if version and get(headers, b"anthropic-version") is None:
            headers.append((b"anthropic-version", version.encode()))
        work = asyncio.ensure_future(self._exchange(flight, upstream.base, headers, send))
        flight.arrive_soon()
        gone = asyncio.ensure_future(_client_gone(receive))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
            await work
        except asyncio.CancelledError:
            work.cancel()
            flight.end("cancelled", error="the client closed the connection")
            if not gone.done():
                raise
        except Exception as error:
            flight.end("error", error=_short(error))
            raise
        finally:
            gone.cancel()
            flight.arrive()

    async def _exchange(self, flight: InFlight, base: str, headers: RawHeaders, send: Send) -> None:
        url = f"{base}{flight.endpoint}{'?' + flight.query if flight.query else ''}"
        try:
            response = await self._post(url, headers, flight.sent)
        except Exception as error:
            await self._unanswered(flight, base, error, send)
            return
        async with response:
            answered = self._answer_headers(response)
            status = response.status
            await send({"type": "http.response.start", "status": status, "headers": answered})
            patience = Patience(self._settings.write_timeout)
            try:
                cut = await _pass_on(response, flight, send, patience)
            except asyncio.CancelledError:
                if not patience.over:
                    flight.end("cancelled", status, answered, "the client closed the connection")
                    raise
                patience.spent()
                waited = f"the client took nothing for {self._settings.write_timeout:g} s"
                flight.end("cancelled", status, answered, waited)
                return
            finally:
                patience.close()
            if cut is not None:
                # Returning without the last body message makes the server cut the client's connection too.
                flight.end("error", status, answered, f"the upstream cut the answer: {_short(cut)}")
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            flight.end("ok" if status < 400 else "error", status, answered)

    async def _post(self, url: str, headers: RawHeaders, body: bytes) -> aiohttp.ClientResponse:
        for attempt in range(self._settings.anthropic_max_retries):
            pause: str | None = None
            try:
                response = await self._client.post(url, headers, body)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            else:
                if response.status not in RETRIED:
                    return response
                pause = response.headers.get("retry-after")
                response.release()
            await asyncio.sleep(float(pause) if pause and pause.isdecimal() else 0.5 * 2**attempt)
        return await self._client.post(url, headers, body)

    def _answer_headers(self, response: aiohttp.ClientResponse) -> RawHeaders:
        passed = [(name.lower(), value) for name, value in end_to_end(list(response.raw_headers))]
        if self._own_server:
            return passed
        return [(name, value) for name, value in passed if name not in SERVER_HEADERS]

    async def _unanswered(self, flight: InFlight, base: str, error: Exception, send: Send) -> None:
        status = 504 if isinstance(error, TimeoutError) else 502
        message = f"claude-lens: {urlsplit(base).netloc} {_problem(error)}"
        flight.passed(await respond_error(send, status, message, "api_error"))
        flight.end("error", status, [(b"content-type", b"application/json")], message)


async def _pass_on(
    response: aiohttp.ClientResponse, flight: InFlight, send: Send, patience: Patience
) -> Exception | None:
    """Give the client every piece as it arrives; returns what broke the answer off, if anything did."""
    read = response.content.readany
    try:
        while chunk := await read():
            patience.begin()
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            patience.end()
            flight.passed(chunk)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        if rest := _unread(response):
            patience.begin()
            await send({"type": "http.response.body", "body": rest, "more_body": True})
            flight.passed(rest)
        return error
    return None


def provider_key(upstream: Upstream) -> tuple[bytes, bytes] | None:
    """The credential header for Anthropic: the deployment's key, else the environment's; None without any."""
    key = upstream.key or os.environ.get("ANTHROPIC_API_KEY")
    if key and not key.startswith("sk-ant-oat"):
        return b"x-api-key", key.encode()
    token = key or os.environ.get("ANTHROPIC_AUTH_TOKEN")
    return (b"authorization", b"Bearer " + token.encode()) if token else None


def _unread(response: aiohttp.ClientResponse) -> bytes:
    """What had arrived when the cut came; aiohttp reports the cut first and would keep it."""
    read = getattr(response.content, "_read_nowait", None)
    return bytes(read(-1)) if read else b""


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _problem(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"did not answer in time: {_short(error)}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "closed the connection without an answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"answered what is not HTTP: {error.message.partition(chr(10))[0].rstrip(':')}"
    if isinstance(error, aiohttp.ClientOSError) and not isinstance(error, aiohttp.ClientConnectorError):
        return f"broke the connection off: {_short(error)}"
    return f"cannot be reached: {_short(error)}"


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
