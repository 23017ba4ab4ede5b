"""Which headers pass, and which stop here."""

from __future__ import annotations

from claude_lens.capture.inflight import RawHeaders

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
OWN_PREFIXES = (b"x-claude-lens-", b"x-litellm-")
CREDENTIALS = frozenset((b"authorization", b"x-api-key"))


def get(headers: RawHeaders, name: bytes) -> bytes | None:
    """The first value of ``name`` (lower case), None where it is absent."""
    return next((value for key, value in headers if key.lower() == name), None)


def end_to_end(headers: RawHeaders) -> RawHeaders:
    """Without hop-by-hop headers, those that ``Connection`` names included; order kept."""
    listed = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    stop = HOP_BY_HOP | listed
    return [(name, value) for name, value in headers if name.lower() not in stop]


def for_upstream(headers: RawHeaders, *, keep_credentials: bool) -> RawHeaders:
    """A client's headers as the provider should see them: hop-by-hop, our own and ``Host`` stay here.

    Without ``keep_credentials`` the client's key stays here too.
    """
    stop = {b"host"} if keep_credentials else {b"host", *CREDENTIALS}
    return [
        (name, value)
        for name, value in end_to_end(headers)
        if name.lower() not in stop and not name.lower().startswith(OWN_PREFIXES)
    ]
