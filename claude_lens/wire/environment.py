"""What Claude Code tells the model about the machine it runs on: its working directory.

It stands as a line of its own in the system prompt, in a message of role ``system``, or in a reminder
before the first prompt, as the client's version and the model have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_FOLDER = re.compile(r"^(?:[ \t]*- )?(?:Primary w|W)orking directory: ([^\r\n]+?)[ \t]*$", re.MULTILINE)
_REMINDER = "<system-reminder>"


def working_folder(body: Mapping[str, Any] | None) -> str | None:
    """The folder that the client works in, None where the request does not name one. Never raises."""
    for text in _texts(body or {}):
        if "orking directory: " in text and (match := _FOLDER.search(text)):
            return match[1]
    return None


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    """Texts that the client wrote itself; what a human wrote may quote anything."""
    messages = body.get("messages")
    yield from _of(body.get("system"))
    for message in messages if isinstance(messages, list) else ():
        role = message.get("role") if isinstance(message, Mapping) else None
        for text in _of(message.get("content")) if role in ("system", "user") else ():
            if role == "system" or text.startswith(_REMINDER):
                yield text


def _of(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for block in content if isinstance(content, list) else ():
        if isinstance(block, Mapping) and isinstance(block.get("text"), str):
            yield block["text"]
