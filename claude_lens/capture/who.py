"""Who asks, as far as the guard's rules want to know it; little work where headers tell it all."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from claude_lens.agents.rules import called
from claude_lens.capture.inflight import InFlight, text_headers
from claude_lens.capture.request import COUNT_TOKENS
from claude_lens.guard.rules import Who
from claude_lens.messages import helpers
from claude_lens.messages.helpers import is_title, may_be_title
from claude_lens.wire.identity import identify
from claude_lens.wire.parse import parse_object

SESSION: Final = b"x-claude-code-session-id"
PROJECT: Final = b"x-claude-lens-project"
CLASS: Final = b"x-claude-code-request-class"
AUXILIARY: Final = helpers.AUXILIARY.encode()
TAIL: Final = 4096
# As Claude Code writes it: JSON in a string of JSON, near the end of the body.
_ACCOUNT: Final = re.compile(rb'\\"account_uuid\\":\s*\\"([^"\\]+)\\"')


def free(flight: InFlight) -> bool:
    """Whether no limit counts it: a count of tokens, a question for a title."""
    if flight.endpoint == COUNT_TOKENS:
        return True
    told = next((value for name, value in flight.headers if name == CLASS), AUXILIARY)
    return told == AUXILIARY and may_be_title(flight.body) and is_title(parse_object(flight.body))


def who_of(flight: InFlight, *, needs_account: bool) -> Who:
    """Who asks. Agents only where they were asked for (``flight.asker``)."""
    headers = dict(flight.headers)
    session, project = headers.get(SESSION), headers.get(PROJECT)
    account = None
    identity = flight.identity
    if needs_account:
        found = _ACCOUNT.search(flight.body, max(0, len(flight.body) - TAIL))
        account = found[1].decode("utf-8", "replace") if found else None
    if identity is None and (session is None or (needs_account and account is None)):
        identity = flight.identity = identify(text_headers(flight.headers), parse_object(flight.body))
    if needs_account and account is None and identity is not None:
        account = identity.user_id or identify((), parse_object(flight.body)).user_id
    asker = flight.asker
    return Who(
        session=session.decode("latin-1") if session else identity.session_id if identity else None,
        agent=called(asker, identity.request_class if identity else None) if asker else None,
        agent_id=(asker.id or asker.spawn_tool_use_id) if asker else None,
        parent_id=asker.parent_id if asker else None,
        project=unquote(project.decode("latin-1"), errors="replace") if project else None,
        model=flight.target or flight.requested_model,
        user=flight.key_alias,
        account=account,
    )
