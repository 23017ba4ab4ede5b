from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from claude_lens.store import chain
from claude_lens.store.transfer.histories import Beginning, Histories
from claude_lens.store.transfer.sayings import Saying, Sayings, sayings
from claude_lens.store.transfer.transcripts import Transcript
from claude_lens.store.transfer.trees import Answer, Line, Tree
from tests.store.transfer.conftest import Opened
from tests.store.transfer.test_trees import Add, call, growing, parallel, result, words


def shape(tree: Tree, key: str) -> list[tuple[str, Any]]:
    """Answer and its calls, or the uuids of the lines, of each message before an answer."""
    lines = list(tree.lines.values())
    histories = Histories(tree, _none())
    found = next(histories.before(one) for one in tree.answers.values() if one.key == key)
    return [_shape(saying, tree, lines) for saying in found.said()]


def _shape(saying: Saying, tree: Tree, lines: list[Line]) -> tuple[str, Any]:
    if saying.answer is not None:
        return saying.answer, list(tree.answers[saying.answer].calls)
    return "together" if saying.together else "alone", [lines[number].uuid for number in saying.lines]


def _none() -> Sayings:
    return Sayings(None, [], {})  # type: ignore[arg-type]


RESULTS = [("alone", ["u1"]), ("msg_1", ["t1", "t2", "t3"]), ("together", ["r1", "r2", "r3"])]


def test_all_results_of_calls_made_at_once_come_back() -> None:
    tree, add = growing()
    parallel(add)
    add("a4", "r3", "assistant", words("done"), "msg_2")
    add("u2", "a4", "user", "thanks")
    add("a5", "u2", "assistant", words("bye"), "msg_3")
    assert shape(tree, "msg_1") == [("alone", ["u1"])]
    assert shape(tree, "msg_2") == RESULTS
    assert shape(tree, "msg_3") == [*RESULTS, ("msg_2", []), ("alone", ["u2"])]


def test_results_between_the_lines_of_their_message() -> None:
    tree, add = growing()
    add("u1", None, "user", "go")
    add("a1", "u1", "assistant", call("t1"), "msg_1")
    add("r1", "a1", "user", result("t1"))
    add("a2", "r1", "assistant", call("t2"), "msg_1")
    add("r2", "a2", "user", result("t2"))
    add("a3", "r2", "assistant", words("done"), "msg_2")
    assert shape(tree, "msg_2") == [RESULTS[0], ("msg_1", ["t1", "t2"]), ("together", ["r1", "r2"])]


def test_prompts_typed_while_claude_works() -> None:
    tree, add = growing()
    parallel(add)
    add("q1", "r1", "queued_command", "and hurry")
    add("q2", "r3", "queued_command", words("please"))
    add("a4", "q2", "assistant", words("done"), "msg_2")
    assert shape(tree, "msg_2") == [*RESULTS, ("alone", ["q1"]), ("alone", ["q2"])]


def test_what_came_later_or_on_another_branch_is_not_before_an_answer() -> None:
    tree, add = growing()
    parallel(add)
    add("q1", "r1", "queued_command", "left behind")
    add("a9", "q1", "assistant", words("left behind too"), "msg_9")
    add("a4", "r3", "assistant", words("done"), "msg_2")
    add("q2", "r2", "queued_command", "late")
    add("a5", "a4", "assistant", words("later"), "msg_3")
    assert shape(tree, "msg_2") == RESULTS
    # What was late for one answer is in its place before the next.
    assert shape(tree, "msg_3") == [*RESULTS, ("alone", ["q2"]), ("msg_2", [])]


def test_a_replayed_line_is_not_added_again() -> None:
    tree, add = growing()
    parallel(add)
    add("a1", "u1", "assistant", call("t1"), "msg_1")
    add("b1", "u1", "assistant", call("t1"), "msg_1")
    add("s1", "b1", "user", result("t1"))
    add("a4", "s1", "assistant", words("done"), "msg_2")
    assert shape(tree, "msg_2") == RESULTS


def slowly(tree: Tree, answer: Answer) -> Iterator[Saying]:
    """What is before an answer, worked out from the root on, as one would without many of them."""
    branch = list(tree.above(answer.first))[::-1]
    above = {line.uuid for line in branch}
    done: set[str] = set()
    for line in branch:
        if line.uuid in done or (line.results and done.issuperset(line.results)):
            continue
        beside = [line]
        if line.answer is not None:
            if line.answer in done or line.answer == answer.key:
                continue
            yield Saying(answer=line.answer)
            done.add(line.answer)
            beside = tree.beside(tree.answers[line.answer], above)
            beside = [one for one in beside if one.number < answer.first.number]
        beside = [one for one in beside if one.uuid not in done]
        for one in beside:
            done |= {one.uuid, *one.results}
        yield from sayings(beside)


def grow(add: Add, chance: random.Random) -> None:
    """A conversation with all that can happen: rewinds, calls at once, late results, strays, subagents."""
    lines: list[str] = []
    tip: str | None = None

    def new(parent: str | None, role: str, content: Any, ident: str | None = None, **more: Any) -> str:
        lines.append(f"n{len(lines)}")
        add(lines[-1], parent, role, content, ident, **more)
        return lines[-1]

    for turn in range(chance.randint(3, 20)):
        side: dict[str, Any] = {"isSidechain": True} if chance.random() < 0.1 else {}
        tip = chance.choice(lines) if lines and chance.random() < 0.15 else tip
        tip = new(tip, "user", "go", **side)
        ident = f"m{turn}" if chance.random() < 0.9 else "m1"
        calls = [
            (f"t{turn}{at}", tip := new(tip, "assistant", call(f"t{turn}{at}"), ident)) for at in range(3)
        ]
        chance.shuffle(calls)
        for name, parent in calls:
            if chance.random() < 0.1:
                lines.append(new(chance.choice(lines), "queued_command", "stray"))
            late = new(parent, "user", result(name), **side)
            tip = tip if chance.random() < 0.1 else late
            if chance.random() < 0.3:
                tip = new(tip, chance.choice(["queued_command", "date"]), "hurry", **side)
        tip = new(tip, "assistant", words("done"), f"{ident}b", **side)


@pytest.mark.parametrize("seed", range(40))
def test_histories_grow_to_what_they_are(seed: int) -> None:
    tree, add = growing()
    grow(add, random.Random(seed))
    histories = Histories(tree, _none())
    for answer in tree.answers.values():
        assert list(histories.before(answer).said()) == list(slowly(tree, answer))


def _talk(opened: Opened) -> Transcript:
    told: list[dict[str, Any]] = []
    for number in range(12):
        above = f"a{number - 1}" if number else None
        told.append(_line(f"u{number}", above, "user", f"prompt {number}"))
        told.append(_line(f"a{number}", f"u{number}", "assistant", words(f"said {number}"), f"m{number}"))
    return opened(told)


def _line(uuid: str, parent: str | None, role: str, said: Any, ident: str = "") -> dict[str, Any]:
    message = {"role": role, "content": said, "id": ident}
    return {"uuid": uuid, "parentUuid": parent, "type": role, "message": message}


def test_chains_are_those_of_the_whole_and_share_their_beginnings(opened: Opened) -> None:
    transcript = _talk(opened)
    histories = transcript.histories
    found = [histories.before(one) for one in transcript.answers()]
    assert len({id(one.branch) for one in found}) == 1
    for one in found:
        each, marks = histories.chain(one)
        values = list(each.values)
        (split,) = chain.split({"messages": values}).chains.values()
        assert (list(each.contents), list(each.steps), marks) == (split.contents, split.steps, [])


def test_what_the_store_has_is_not_read_again(opened: Opened) -> None:
    transcript = _talk(opened)
    last = transcript.answers()[-1]
    wanted = transcript.histories.chain(transcript.histories.before(last))[0]
    again = _talk(opened)
    known = again.histories
    known.stored, known.read_stored = {"m8": 7}, lambda row: list(wanted.contents[: 17 * (row == 7)])
    read: list[Saying] = []
    digest = again.texts.digest

    def noted(saying: Saying) -> bytes:
        read.append(saying)
        return digest(saying)

    again.texts.digest = noted  # type: ignore[method-assign]
    found = known.chain(known.before(again.answers()[-1]))[0]
    assert list(found.steps) == list(wanted.steps)
    assert len(read) == 6
    # A store that says something else is not believed.
    other = _talk(opened).histories
    other.stored, other.read_stored = {"m8": 7}, lambda _: list(wanted.contents[:5])
    assert list(other.chain(other.before(last))[0].steps) == list(wanted.steps)


def test_the_beginning_of_a_list() -> None:
    one = Beginning([1, 2, 3, 4], 3, str)
    assert (len(one), one[-1], one[0:9], list(reversed(one))) == (3, "3", ["1", "2", "3"], ["3", "2", "1"])
    with pytest.raises(IndexError):
        one[3]
