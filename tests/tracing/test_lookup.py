"""What the store knows over all workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from claude_lens.exchange import Exchange
from claude_lens.settings import load
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.tracing.lookup import StoreLookup, open_lookup
from claude_lens.tracing.tree import RunFacts, Tree
from tests.tracing.sessions import NESTED, TWO, nested, play, two_subagents
from tests.tracing.talk import PROMPT, SESSION, Talk
from tests.tracing.trees import drawn


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/lens.db"


@pytest.fixture
def lookup(url: str) -> Iterator[StoreLookup]:
    with Reader(url) as reader:
        yield StoreLookup(reader)


def stored(url: str, *exchanges: Exchange) -> None:
    sink = StoreSink(url)
    for exchange in exchanges:
        sink.ended(exchange)
    sink.flush()
    sink.close()


def test_nothing_is_known_of_nothing(lookup: StoreLookup) -> None:
    assert lookup.facts(SESSION, PROMPT, None) is None
    assert lookup.turn(SESSION, PROMPT) is None
    assert lookup.others(SESSION, PROMPT, frozenset()) == []


def test_facts_of_main_agent_and_subagent(url: str, lookup: StoreLookup) -> None:
    exchanges = nested()
    exchanges[0] = replace(exchanges[0], worker="w0")
    stored(url, *exchanges)
    assert lookup.facts(SESSION, PROMPT, None) == RunFacts(
        exchanges[0].started_at, "w0", exchanges[-1].id, True
    )
    deep = lookup.facts(SESSION, PROMPT, "d2")
    assert deep is not None
    assert (deep.first_worker, deep.is_final) == ("w1", True)
    assert lookup.facts(SESSION, "other", None) is None


def test_titles_do_not_count_as_the_prompts_own(url: str, lookup: StoreLookup) -> None:
    title = Talk().say("go").ask("title")
    stored(url, replace(title, identity=replace(title.identity, request_class="auxiliary")))
    assert lookup.facts(SESSION, PROMPT, None) is None


def test_turns_are_counted_over_the_session(url: str, lookup: StoreLookup) -> None:
    talk = Talk()
    for number in range(3):
        talk.prompt = f"p{number}"
        stored(url, talk.say("on").ask("ok", after=1), talk.say("more").ask("ok"))
    assert [lookup.turn(SESSION, f"p{number}") for number in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(("make", "expected"), [(nested, NESTED), (two_subagents, TWO)])
def test_two_workers_with_one_store_build_one_right_tree(
    tmp_path: Path, make: object, expected: object
) -> None:
    exchanges = make()  # type: ignore[operator]
    for split in range(0, 2 ** len(exchanges), 7):
        url = f"sqlite:///{tmp_path}/{split}.db"
        lookup = StoreLookup(Reader(url))
        mine = [replace(one, worker=f"w{split >> index & 1}") for index, one in enumerate(exchanges)]
        stored(url, *mine)
        trees = [Tree(lookup=lookup), Tree(lookup=lookup)]
        spans = [span for index, one in enumerate(mine) for span in play(trees[split >> index & 1], one)]
        spans += [span for tree in trees for span in tree.tick(mine[-1].started_at + 5)]
        spans += [span for tree in trees for span in tree.close()]
        assert drawn(spans) == [expected], split


def test_a_database_that_cannot_be_read_is_left_alone_for_a_while(tmp_path: Path) -> None:
    broken = tmp_path / "lens.db"
    broken.write_bytes(b"no database" * 1000)
    lookup = open_lookup(load({"CLAUDE_LENS_HOME": str(tmp_path), "HOME": str(tmp_path)}))
    assert lookup.facts(SESSION, PROMPT, None) is None
    broken.unlink()
    assert lookup.others(SESSION, PROMPT, frozenset()) == []
