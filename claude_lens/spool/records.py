"""One record of a journal: a frame, sealed.

::

    4  magic        C1 4C 52 31
    1  kind         1 arrival, 2 ending
    3  zero
    8  seq          counts from 1 in each journal
    8  exchange     digest of the exchange's id
    4  head         bytes of the frame's head
    4  body         bytes of its body
    4  crc32        of the 32 bytes before
    …  head and body, sealed with AES-256-GCM under the journal's key: 16 bytes longer

Integers are in network order. The nonce is ``seq``; the 36 bytes before are authenticated with it, so the
seal is the checksum of all. A key is made for one journal and goes with it, so no nonce has two contents.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC: Final = b"\xc1LR1"
ARRIVAL: Final = 1
ENDING: Final = 2
TAG: Final = 16
KEY_BYTES: Final = 32
_HEAD = struct.Struct("!4sB3xQ8sII")
_CRC = struct.Struct("!I")
HEADER: Final = _HEAD.size + _CRC.size


class Damaged(ValueError):
    """These bytes are no record, or not the one that was written."""


class Header(NamedTuple):
    """What a record tells in clear: ``exchange`` is :func:`digest` of the id, sizes in bytes."""

    kind: int
    seq: int
    exchange: bytes
    head: int
    body: int

    @property
    def sealed(self) -> int:
        """Bytes after the header."""
        return self.head + self.body + TAG


def digest(exchange_id: str) -> bytes:
    """Eight bytes that stand for an id."""
    return hashlib.blake2b(exchange_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def unpack(data: bytes) -> Header:
    """The header at the start of ``data``. Raises :class:`Damaged`."""
    if len(data) < HEADER or _CRC.unpack_from(data, _HEAD.size)[0] != zlib.crc32(data[: _HEAD.size]):
        raise Damaged("no record starts here")
    magic, *fields = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise Damaged("no record starts here")
    return Header(*fields)


class Sealer:
    """Seals and opens the records of one journal. Raises ``ValueError`` for a key of another length."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, kind: int, seq: int, exchange_id: str, head: bytes, body: bytes) -> tuple[bytes, bytes]:
        """Header and sealed bytes of one record."""
        plain = _HEAD.pack(MAGIC, kind, seq, digest(exchange_id), len(head), len(body))
        header = plain + _CRC.pack(zlib.crc32(plain))
        return header, self._cipher.encrypt(_nonce(seq), b"".join((head, body)), header)

    def open(self, header: bytes, sealed: bytes) -> tuple[bytes, bytes]:
        """Head and body of the frame. Raises :class:`Damaged`."""
        told = unpack(header)
        try:
            plain = self._cipher.decrypt(_nonce(told.seq), sealed, header)
        except InvalidTag:
            raise Damaged(f"record {told.seq} is damaged") from None
        return plain[: told.head], plain[told.head :]


def _nonce(seq: int) -> bytes:
    return seq.to_bytes(12, "big")
