"""The connection to Anthropic: one pooled client a worker, nothing decoded, nothing followed."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import certifi
from multidict import CIMultiDict
from yarl import URL

from claude_lens.capture.inflight import RawHeaders
from claude_lens.settings import Settings

ANTHROPIC = "https://api.anthropic.com"
AUTO_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
# Bytes of an answer's longest header: gateways send policies and cookies far beyond aiohttp's own 8 KB.
LONGEST_HEADER = 2**18


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


def proxy_for(url: str) -> str | None:
    """The proxy that HTTPS_PROXY and its siblings name for an address; None where it is reached directly."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


class UpstreamClient:
    """Sends requests as they are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None
        self._proxies: dict[str, str | None] = {}

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
                ttl_dns_cache=60,
            ),
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=self._settings.connect_timeout,
                sock_read=self._settings.read_timeout,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # With trust_env, aiohttp would also add passwords from a .netrc file.
            trust_env=False,
            skip_auto_headers=AUTO_HEADERS,
            trace_configs=[trace],
            read_bufsize=2**18,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
        )

    async def post(self, url: str, headers: RawHeaders, body: bytes) -> aiohttp.ClientResponse:
        """The response once its headers are there. Raises aiohttp's errors.

        A kept connection that the other side had closed is replaced: nothing was answered on it. Many may
        have been closed at once, so that only a new one's failure counts.
        """
        if self._session is None or self._session.closed:
            self._session = self._open()
        through = self._proxy(url)
        sent = CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        while True:
            seen = SimpleNamespace(reused=False)
            try:
                return await self._session.post(
                    URL(url, encoded=True),
                    headers=sent,
                    data=body,
                    allow_redirects=False,
                    proxy=through,
                    ssl=self._secured(url, through),
                    trace_request_ctx=seen,
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if not seen.reused or isinstance(error, aiohttp.ClientConnectorError):
                    raise

    def _secured(self, url: str, through: str | None) -> ssl.SSLContext | bool:
        """How a connection is to be verified; the authorities are read where one is, and once."""
        if not url.startswith("https:") and not (through or "").startswith("https:"):
            return True
        if self._tls is None:
            self.prepare()
        return self._tls or True

    def _proxy(self, url: str) -> str | None:
        base = url.partition("/v1/")[0]
        if base not in self._proxies:
            self._proxies[base] = proxy_for(url)
        return self._proxies[base]

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()


async def _note_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.reused = True
