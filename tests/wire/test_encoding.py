from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.wire.encoding import decode_body

TEXT = b"".join(b"event: ping %d\ndata: {}\n\n" % number for number in range(4000))


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def streamed_zstd(data: bytes) -> bytes:
    """As a server streams: no size in the header, a flush in between."""
    packer = zstandard.ZstdCompressor().compressobj()
    half = len(data) // 2
    return (
        packer.compress(data[:half])
        + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        + packer.compress(data[half:])
        + packer.flush()
    )


PACKED = [
    ("gzip", gzip.compress(TEXT)),
    ("x-gzip", gzip.compress(TEXT)),
    ("GZIP", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", bare_deflate(TEXT)),
    ("zstd", zstandard.compress(TEXT)),
    ("zstd", streamed_zstd(TEXT)),
    ("zstd", zstandard.compress(TEXT[:50]) + zstandard.compress(TEXT[50:])),
    ("br", brotli.compress(TEXT)),
    ("gzip, zstd", zstandard.compress(gzip.compress(TEXT))),
    ("identity", TEXT),
    ("", TEXT),
    (None, TEXT),
]


@pytest.mark.parametrize(("encoding", "body"), PACKED)
def test_decodes(encoding: str | None, body: bytes) -> None:
    assert decode_body(body, encoding) == TEXT


@pytest.mark.parametrize(
    ("encoding", "body"), [p for p in PACKED if p[0] in ("gzip", "deflate", "zstd", "br")]
)
def test_a_cut_body_gives_what_arrived(encoding: str, body: bytes) -> None:
    noise = os.urandom(300_000).hex().encode()
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": streamed_zstd, "br": brotli.compress}[
        encoding
    ](noise)
    part = decode_body(packed[: len(packed) * 2 // 3], encoding)
    assert noise.startswith(part)
    assert len(part) > len(noise) // 3
    assert TEXT.startswith(decode_body(body, encoding)[:100])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "br", "unknown"])
def test_a_body_that_is_not_what_the_header_says_stays(encoding: str) -> None:
    assert decode_body(b'{"type":"error"}', encoding) == b'{"type":"error"}'


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress), ("br", brotli.compress)]
)
def test_a_bomb_is_bounded(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    assert len(decode_body(pack(bytes(50_000_000)), encoding, limit=1_000_000)) == 1_000_000


@given(st.binary(), st.sampled_from(["gzip", "deflate", "zstd", "br", "gzip, deflate"]))
def test_never_raises(body: bytes, encoding: str) -> None:
    assert isinstance(decode_body(body, encoding), bytes)
