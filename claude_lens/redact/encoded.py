"""Base64 of a known kind, where a whole run of base64 is one: in a secret of Kubernetes, a key in a file."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from typing import Final

from claude_lens.redact.blocks import PRIVATE_KEY, Blocks
from claude_lens.redact.forms import FORMS, Form
from claude_lens.redact.names import Found

_RUN: Final = re.compile(r"(?:[A-Za-z0-9+/]{76}\r?\n){0,300}[A-Za-z0-9+/_-]{8,65536}={0,2}")
_BEFORE: Final = re.compile(r"[A-Za-z0-9+/=_-]")
_SHORTEST: Final = 5


class Encoded:
    """The kinds whose beginning shows in base64 too."""

    def __init__(self) -> None:
        self._forms: dict[str, list[Form]] = {}
        for form in FORMS:
            if form.back or form.lead or "(?P<s>" in form.source[:1]:
                continue
            for anchor in form.anchors if len(form.anchors) < 60 else ():
                self._forms.setdefault(_begin(anchor), []).append(form)
        self._forms = {begin: forms for begin, forms in self._forms.items() if len(begin) >= _SHORTEST}
        self._key = _begin(PRIVATE_KEY)
        self.anchors = (*self._forms, self._key)

    def at(self, text: str, start: int) -> Found | None:
        """The run of base64 that begins at ``start``, where all that it says is one secret."""
        if start and _BEFORE.match(text, start - 1):
            return None
        run = _RUN.match(text, start)
        if run is None:
            return None
        said = _decoded(run[0])
        if said is None:
            return None
        if run[0].startswith(self._key):
            block = Blocks(said).at(0)
            return Found(start, run.end(), "private-key") if block else None
        for size in range(_SHORTEST, 24):
            for form in self._forms.get(run[0][:size], ()):
                for anchor in form.anchors:
                    span = form.at(said, 0, len(anchor)) if said.startswith(anchor) else None
                    if span and span[1] >= len(said.rstrip()):
                        return Found(start, run.end(), form.kind)
        return None


def _begin(text: str) -> str:
    """The characters of base64 that do not depend on what follows ``text``."""
    return b64encode(text.encode()).decode()[: len(text) * 8 // 6]


def _decoded(run: str) -> str | None:
    run = run.replace("\r", "").replace("\n", "").rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return b64decode(run + "=" * (-len(run) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
