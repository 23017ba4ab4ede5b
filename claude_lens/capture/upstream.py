"""The connection to Anthropic: one pooled client a worker, nothing decoded, nothing followed."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import certifi
from multidict import CIMultiDict
from yarl import URL

from claude_lens.capture.inflight import RawHeaders
from claude_lens.settings import Settings

ANTHROPIC = "https://api.anthropic.com"
AUTO_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the transparent lane forwards to: ``base`` without a trailing slash, ``key`` if there is one."""

    base: str
    key: str | None


def bare_base(base: str) -> str:
    """An ``api_base`` without the path of an endpoint.

    >>> bare_base("http://gate/claude/v1/messages")
    'http://gate/claude'
    """
    return re.sub(r"(/v1(/messages)?)?/*$", "", base)


def tls_context() -> ssl.SSLContext:
    """The system's and certifi's authorities, and those of SSL_CERT_FILE & co.; always verifying."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    for path in filter(None, map(os.environ.get, CA_VARIABLES)):
        context.load_verify_locations(path)
    return context


class UpstreamClient:
    """Sends requests as they are. Proxies come from HTTPS_PROXY and its siblings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None

    def prepare(self) -> None:
        """Read the authorities, which takes a tenth of a second; safe in another thread."""
        self._tls = tls_context()

    def _open(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(_note_reuse)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=self._settings.idle_timeout,
                ssl=self._tls or tls_context(),
                ttl_dns_cache=60,
            ),
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=self._settings.connect_timeout,
                sock_read=self._settings.read_timeout,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=True,
            skip_auto_headers=AUTO_HEADERS,
            trace_configs=[trace],
            read_bufsize=2**18,
        )

    async def post(self, url: str, headers: RawHeaders, body: bytes) -> aiohttp.ClientResponse:
        """The response once its headers are there. Raises aiohttp's errors.

        A kept connection that the other side had closed is replaced once: nothing was answered on it.
        """
        if self._session is None or self._session.closed:
            self._session = self._open()
        sent = CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        seen = SimpleNamespace(reused=False)
        try:
            return await self._send(url, sent, body, seen)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not seen.reused or isinstance(error, aiohttp.ClientConnectorError):
                raise
            return await self._send(url, sent, body, seen)

    async def _send(
        self, url: str, headers: CIMultiDict[str], body: bytes, seen: SimpleNamespace
    ) -> aiohttp.ClientResponse:
        assert self._session
        return await self._session.post(
            URL(url, encoded=True), headers=headers, data=body, allow_redirects=False, trace_request_ctx=seen
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()


async def _note_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.reused = True
