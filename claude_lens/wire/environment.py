"""What Claude Code tells the model about the machine it runs on: its working directory.

It stands as a line of its own in the system prompt, in a message of role ``system``, or in a reminder
before the first prompt, as the client's version and the model have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from claude_lens.messages.blocks import messages, role, system_texts, texts
from claude_lens.messages.written import is_reminder

_FOLDER = re.compile(r"^(?:[ \t]*- )?(?:Primary w|W)orking directory: ([^\r\n]+?)[ \t]*$", re.MULTILINE)


def working_folder(body: Mapping[str, Any] | None) -> str | None:
    """The folder that the client works in, None where the request does not name one. Never raises."""
    for text in _texts(body or {}):
        if "orking directory: " in text and (match := _FOLDER.search(text)):
            return match[1]
    return None


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    """Texts that the client wrote itself; what a human wrote may quote anything."""
    yield from system_texts(body)
    for message in messages(body):
        for words in texts(message.get("content")) if role(message) in ("system", "user") else ():
            if role(message) == "system" or is_reminder(words):
                yield words
