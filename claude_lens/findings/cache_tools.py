"""The cache was lost to a changed list of tools: an MCP server that came late, or went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from claude_lens.findings.losses import Kind, Loss, Sum, times
from claude_lens.findings.misses import again, loss, missed
from claude_lens.findings.session import Session
from claude_lens.store.insight.context import mcp_server
from claude_lens.store.insight.why import Reason

ORDER: Final = "order"


def losses(session: Session) -> Iterator[Loss]:
    """Every request whose tools were not those of the one before."""
    for one, reason in missed(session, {"tools", "tools order"}):
        yield loss(one, reason, _subject(reason))


def _subject(reason: Reason) -> str:
    """The MCP servers whose tools changed, else the tools."""
    if reason["cause"] == "tools order":
        return ORDER
    names = [change["name"] for change in reason["diff"] if change["kind"] != "moved"]
    servers = {server for name in names if (server := mcp_server(name)) is not None}
    return ", ".join(sorted(servers) or sorted(set(names)))


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    if found.subject == ORDER:
        often = f"The tools came in another order {times(found.count)}"
        text = f"{often} in the middle of a session: {again(found)}."
        return text, f"lensctl why {found.dearest()}  (shows which tools moved)"
    often = f"The tools of {found.subject or 'the client'} changed {times(found.count)}"
    text = f"{often} in the middle of a session: {again(found)}."
    return text, "connect MCP servers before the first prompt, and change them only between sessions (/mcp)"


KIND = Kind("cache-tools", losses, told)
