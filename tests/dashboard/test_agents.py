"""How the agents of a session are named, coloured and nested."""

from __future__ import annotations

from claude_lens.dashboard.agents import looks
from claude_lens.store.reading.forms import AgentName


def agent(ident: str | None, parent: str | None = None, name: str | None = None) -> AgentName:
    return {"id": ident, "parent_id": parent, "type": None, "name": name}


def test_agents_of_one_name_are_told_apart_below_their_parents() -> None:
    given = [
        agent(None),
        agent("a", name="scanner"),
        agent("b", name="scanner"),
        agent("c", "a", "scanner"),
        agent("d", "c", "reader"),
    ]
    assert [(ident, look.name, look.depth) for ident, look in looks(given).items()] == [
        (None, "main", 0),
        ("a", "scanner 1", 1),
        ("c", "scanner 3", 2),
        ("d", "reader", 3),
        ("b", "scanner 2", 1),
    ]


def test_seven_agents_have_seven_colours_and_keep_them() -> None:
    given = [agent(None), *(agent(f"agent-{number}") for number in range(16))]
    found = looks(given)
    colours = [look.colour for look in found.values()]
    assert colours[0] == 0
    assert sorted(colours[1:8]) == sorted(colours[8:15]) == [1, 2, 3, 4, 5, 6, 7]
    for number in range(len(given)):
        assert [look.colour for look in looks(given[:number]).values()] == colours[:number]
