"""What Claude Code tells the model about the machine it runs on: its working directory.

It stands as a line of its own in the system prompt, in a message of role ``system``, or in a reminder
before the first prompt, as the client's version and the model have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from claude_lens.messages.blocks import messages, role, system_texts, texts
from claude_lens.messages.written import is_reminder

_FOLDER = re.compile(r"^(?:[ \t]*- )?(?:Primary w|W)orking directory: ([^\r\n]+?)[ \t]*$", re.MULTILINE)


def working_folder(body: Mapping[str, Any] | None) -> str | None:
    """The folder that the client works in, None where the request does not name one. Never raises."""
    return folder_in_system(body) or next(filter(None, map(folder_in, messages(body))), None)


def folder_in_system(body: Mapping[str, Any] | None) -> str | None:
    """The folder that a request's system prompt names."""
    return _first(system_texts(body))


def folder_in(message: Mapping[str, Any]) -> str | None:
    """The folder that a message names, in a text that the client wrote: a human's may quote anything."""
    whose = role(message)
    if whose == "system":
        return _first(texts(message.get("content")))
    return _first(texts(message.get("content")), is_reminder) if whose == "user" else None


def _first(words: Iterable[str], own: Callable[[str], bool] = bool) -> str | None:
    """The folder in the first of these texts that names one; ``own`` tells which are the client's."""
    for one in words:
        if "orking directory: " in one and (match := _FOLDER.search(one)) and own(one):
            return match[1]
    return None
