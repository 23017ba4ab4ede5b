"""Contents: their digests, and their bytes as they lie on disk."""

from __future__ import annotations

import threading
from hashlib import blake2b
from typing import Final

import zstandard

from claude_lens.store.skeleton import SKELETON

DIGEST_SIZE: Final = 16
PLAIN: Final = 0
ZSTD: Final = 1
ZSTD_SKELETON: Final = 2

_LEVEL = 6
# Below this the frame's own header costs more than it saves.
_SMALLEST = 24
# From here on the skeleton no longer pays for setting it up.
_LARGEST_WITH_SKELETON = 64 * 1024

_skeleton = zstandard.ZstdCompressionDict(SKELETON, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
_skeleton.precompute_compress(level=_LEVEL)


class _Contexts(threading.local):
    """zstd's contexts, one set a thread: two threads in the same one garble each other's bytes."""

    def __init__(self) -> None:
        self.deflate = zstandard.ZstdCompressor(level=_LEVEL, write_dict_id=False)
        self.deflate_skeleton = zstandard.ZstdCompressor(dict_data=_skeleton, write_dict_id=False)
        self.inflate = zstandard.ZstdDecompressor()
        self.inflate_skeleton = zstandard.ZstdDecompressor(dict_data=_skeleton)


_contexts = _Contexts()


def digest(data: bytes) -> bytes:
    """16 bytes that stand for ``data`` (BLAKE2b)."""
    return blake2b(data, digest_size=DIGEST_SIZE).digest()


def pack(data: bytes) -> tuple[int, bytes]:
    """``(codec, bytes on disk)`` of a content."""
    if len(data) < _SMALLEST:
        return PLAIN, data
    if len(data) <= _LARGEST_WITH_SKELETON:
        codec, packed = ZSTD_SKELETON, _contexts.deflate_skeleton.compress(data)
    else:
        codec, packed = ZSTD, _contexts.deflate.compress(data)
    return (codec, packed) if len(packed) < len(data) else (PLAIN, data)


def unpack(codec: int, packed: bytes) -> bytes:
    """The content behind :func:`pack`. Raises ``ValueError`` where the bytes are damaged."""
    try:
        if codec == PLAIN:
            return packed
        if codec == ZSTD:
            return _contexts.inflate.decompress(packed)
        if codec == ZSTD_SKELETON:
            return _contexts.inflate_skeleton.decompress(packed)
    except (zstandard.ZstdError, MemoryError) as error:
        raise ValueError(f"damaged content: {error}") from error
    raise ValueError(f"content of unknown codec {codec}")


def pack_blob(data: bytes) -> bytes:
    """A small value of one row alone: its codec in the first byte, then its bytes."""
    codec, packed = pack(data)
    return bytes((codec,)) + packed


def unpack_blob(blob: bytes) -> bytes:
    """The value behind :func:`pack_blob`. Raises ``ValueError`` where it is damaged."""
    if not blob:
        raise ValueError("empty value")
    return unpack(blob[0], blob[1:])
