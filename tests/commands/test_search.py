from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from claude_lens.commands.search import command
from claude_lens.store.sink import StoreSink
from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens
from tests.store.conftest import maker
from tests.store.reading import scripts


def test_hits_as_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("search", "prompt", "--json").stdout)
    assert {one["session_id"] for one in found} == {SESSION, OTHER}
    assert all(one["snippet"][a:b] == "prompt" for one in found for a, b in one["marks"])


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["answer", "3"], 1),
        (["answer -3 -16"], 4),
        (["prompt of", "session:2222"], 1),
        (["answer", "agent:counter"], 1),
        (["answer", "before:2020-01-01"], 0),
    ],
)
def test_queries(recorded: Lens, words: list[str], count: int) -> None:
    assert len(json.loads(recorded.lensctl("search", *words, "--json").stdout)) == count


def test_for_people(recorded: Lens) -> None:
    shown = recorded.lensctl("search", "answer", "5")
    assert "answer 5" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert recorded.lensctl("search", "unheard-of").stderr == "nothing found\n"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def spoken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lens:
    """A user whose store has messages in many scripts, and names of many kinds."""
    user = Lens(tmp_path_factory.mktemp("spoken"))
    user.home.mkdir(mode=0o700)
    if request.param == "postgresql":
        user.environment["CLAUDE_LENS_DATABASE_URL"] = request.getfixturevalue("postgres").fresh()
    sink = StoreSink(user.settings.database_url)
    scripts.store(sink, maker())
    sink.close()
    return user


def test_every_script_and_kind_of_name(spoken: Lens) -> None:
    """The command itself, run here: each query alone in a process would take minutes."""
    wrong = []
    runner = CliRunner(env=spoken.environment)
    for name, case in scripts.CASES.items():
        for query in case.finds[:2]:
            done = runner.invoke(command, ["--json", "-n", "100", "--", query], catch_exceptions=False)
            wrong += [query] if name not in {one["session_id"] for one in json.loads(done.stdout)} else []
        done = runner.invoke(command, ["--json", "-n", "100", "--", case.misses[0]], catch_exceptions=False)
        wrong += [case.misses[0]] if name in {one["session_id"] for one in json.loads(done.stdout)} else []
    assert wrong == []


@pytest.mark.parametrize("query", ["成语接龙", "--dangerously-skip-permissions", "C++", "getall*"])
def test_as_typed_in_a_shell(spoken: Lens, query: str) -> None:
    done = spoken.lensctl("search", query)
    assert done.returncode == 0, done.stderr
    if query == "getall*":
        assert done.stderr == "nothing found\n"
    else:
        assert query.removeprefix("--") in done.stdout


def test_pages(recorded: Lens) -> None:
    first = recorded.lensctl("search", "answer", "-n", "4")
    word, option, cursor = first.stderr.split()
    assert (word, option) == ("more:", "--after")
    rest = recorded.lensctl("search", "answer", "-n", "4", option, cursor)
    assert (len(first.stdout.splitlines()), len(rest.stdout.splitlines()), rest.stderr) == (8, 4, "")
    assert not set(first.stdout.splitlines()) & set(rest.stdout.splitlines())


def test_a_malformed_query(recorded: Lens) -> None:
    done = recorded.lensctl("search", '"open')
    assert done.returncode == 2
    assert "quotation mark" in done.stderr
