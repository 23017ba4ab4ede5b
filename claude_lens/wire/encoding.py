"""Content encodings: what a body says once decompressed, however much of it arrived."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import zstandard

#: The most that one body may decompress to, in bytes: what is past it is left out.
LIMIT = 256 * 1024 * 1024
_PIECE = 1024 * 1024


def decode_body(body: bytes, content_encoding: str | None, limit: int = LIMIT) -> bytes:
    """``body`` without its encodings (gzip, deflate, br, zstd).

    Cut or damaged data gives what could be decoded, at most ``limit`` bytes. A body in an encoding that
    is unknown, or that is not what the header says, comes back as it is. Never raises.
    """
    for name in reversed((content_encoding or "").split(",")):
        decode = _DECODERS.get(name.strip().lower())
        if decode is not None and body:
            body = decode(body, limit) or body
    return body


def _inflate(body: bytes, limit: int, window: int) -> bytes:
    out = bytearray()
    try:
        while body and len(out) < limit:
            member = zlib.decompressobj(window)
            out += member.decompress(body, limit - len(out))
            body = member.unused_data if member.eof else b""
    except zlib.error:
        pass
    return bytes(out)


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, 16 + zlib.MAX_WBITS)


def _deflate(body: bytes, limit: int) -> bytes:
    """Zlib's form, as the standard says, or the bare one that some servers send."""
    return _inflate(body, limit, zlib.MAX_WBITS) or _inflate(body, limit, -zlib.MAX_WBITS)


def _zstd(body: bytes, limit: int) -> bytes:
    out = bytearray()
    reader = zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)
    try:
        while len(out) < limit and (piece := reader.read(min(_PIECE, limit - len(out)))):
            out += piece
    except zstandard.ZstdError:
        pass
    return bytes(out)


def _brotli(body: bytes, limit: int) -> bytes:
    out = bytearray()
    decoder = brotli.Decompressor()
    try:
        while len(out) < limit and (piece := decoder.process(body, output_buffer_limit=limit - len(out))):
            out += piece
            body = b""
    except brotli.error:
        pass
    return bytes(out[:limit])


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
    "br": _brotli,
}
