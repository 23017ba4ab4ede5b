"""What stands for a secret."""

from __future__ import annotations

import hashlib
import re
from typing import Final

MARK: Final = "[redacted:"
MARKED: Final = re.compile(r"\[redacted:[^\]\s:]{1,64}:[0-9a-f]{8}\]")
"""What stands for a secret already."""


def mark(kind: str, secret: str) -> str:
    """``[redacted:kind:fingerprint]``, the fingerprint the first 8 hex digits of the secret's SHA-256."""
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{MARK}{kind}:{digest[:8]}]"
