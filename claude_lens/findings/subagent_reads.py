"""A subagent looked up what the agent that started it had before it already."""

from __future__ import annotations

from collections.abc import Iterator

from claude_lens.findings.again import LEAST, file_read, key_of, loss, said
from claude_lens.findings.losses import Kind, Loss, Sum, named, times
from claude_lens.findings.session import Session
from claude_lens.units import money


def losses(session: Session) -> Iterator[Loss]:
    """Every result of a subagent that its parent had got from the same call before the subagent began."""
    for agent, brought in session.brought.items():
        if agent is None:
            continue
        asked = session.conversations[agent]
        first, parent = asked[0], asked[0].step.summary["agent"]["parent_id"]
        had = {
            (key_of(one), said(one))
            for one in session.brought.get(parent, [])
            if one.by.at <= first.at and not one.result.is_error
        }
        who = first.step.summary["agent"]
        name = who["name"] or who["type"] or "subagent"
        for one in brought:
            if one.claimed or one.result.is_error or len(said(one)) < LEAST:
                continue
            if (key_of(one), said(one)) in had:
                yield loss(one, file_read(one) or one.call.name, name)


def told(found: Sum) -> tuple[str, str]:
    """In words."""
    text = (
        f"Subagents {found.subject} looked up {times(found.count)} what the agent that started them had "
        f"before it: {named(found.labels)}; {money(found.usd)}."
    )
    return (
        text,
        f'add to CLAUDE.md: "Give {found.subject} the lines it needs in its prompt, not only the path."',
    )


KIND = Kind("subagent-reads", losses, told)
