"""What ``GET /health`` says besides: which build this is, and a proof that the proxy knows its key.

A client asks with ``?nonce=…&address=HOST:PORT``, the address of the socket that it is connected to. The
proof is over the nonce and the address of our end of that connection, or the one that was asked for where the
operator has said that it leads here (``CLAUDE_LENS_PUBLISHED``: a container's port, a tunnel). See
:func:`claude_lens.launcher.proof`.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from claude_lens.capture.asgi import Scope
from claude_lens.launcher import build_of, proof, written
from claude_lens.settings import PACKAGE

NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
BUILD = build_of(str(PACKAGE))
"""The build that this process runs: that of the package's files when it started."""
SCHEMA = max(file.name[1:5] for file in PACKAGE.glob("store/migrations/versions/m[0-9]*.py"))
"""The newest migration that this build knows, as ``store/schema.py`` names it, without its libraries."""


def proven(scope: Scope, key: str | None, published: tuple[str, ...]) -> dict[str, str]:
    """``{"proof": hexadecimal, "address": what it is for}``; empty without a nonce or a key."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    nonce, wanted = (asked.get(name, [""])[0] for name in ("nonce", "address"))
    if key is None or not NONCE.fullmatch(nonce):
        return {}
    server = scope.get("server")
    address = wanted if wanted in published else written(server) if server else ""
    return {"proof": proof(key, nonce, address), "address": address}
