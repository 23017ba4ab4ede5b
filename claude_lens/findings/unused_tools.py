"""Schemas of an MCP server's tools, sent with every request and never called."""

from __future__ import annotations

from collections.abc import Iterator

from claude_lens.findings.losses import Kind, Loss, Sum
from claude_lens.findings.session import Asked, Session
from claude_lens.messages.calls import calls
from claude_lens.store.insight.causes import thousands
from claude_lens.store.insight.context import mcp_server
from claude_lens.store.insight.why import MISSED
from claude_lens.units import money


def losses(session: Session) -> Iterator[Loss]:
    """What each server's tools took of each request; a veto for a server that was called."""
    for line in session.conversations.values():
        for one in line:
            yield from _of(one)
            for call in calls(session.answer(one)):
                if server := mcp_server(call.name):
                    yield _loss(one, server, veto=True)


def _of(one: Asked) -> Iterator[Loss]:
    servers: dict[str, tuple[int, int]] = {}
    for tool, tokens in one.schemas.items():
        server = mcp_server(tool) or ""
        number, before = servers.get(server, (0, 0))
        servers[server] = (number + 1, before + tokens)
    for server, (number, tokens) in servers.items():
        yield _loss(one, server, tokens=tokens, number=number)


def _loss(one: Asked, server: str, tokens: int = 0, number: int = 0, *, veto: bool = False) -> Loss:
    read = one.usage.cache_read_input_tokens if one.usage else 0
    # What a miss costs beyond reading is another finding's.
    missed = one.reason is not None and one.reason["verdict"] in MISSED
    rate = one.carried if missed or read >= tokens else one.fresh
    return Loss(
        exchange_id=one.id,
        at=one.at,
        project=one.step.summary["project"],
        usd=tokens * rate,
        tokens=tokens,
        subject=server,
        extra={"tools": float(number)},
        veto=veto,
    )


def told(found: Sum) -> tuple[str, str]:
    """In words, with the command that takes the server away."""
    number, each = round(found.extra["tools"] / found.count), round(found.tokens / found.count)
    text = (
        f"{number} tools of the MCP server {found.subject} went with {found.count:,} requests and none was "
        f"called: about {thousands(each)} tokens each time, {money(found.usd)} together."
    )
    return text, f"claude mcp remove {found.subject}"


KIND = Kind("unused-tools", losses, told)
