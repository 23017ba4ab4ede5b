from __future__ import annotations

import json

from tests.commands.conftest import OTHER, SESSION
from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_tags_come_are_listed_and_go(lens: Lens) -> None:
    fill(lens)
    assert lens.lensctl("tag", "1111").stdout == ""
    assert lens.lensctl("tag", "1111").stderr == "no tags\n"
    assert lens.lensctl("tag", "1111", "to do", "Bug").stdout == "Bug\nto do\n"
    assert lens.lensctl("tag", SESSION).stdout == "Bug\nto do\n"
    assert lens.lensctl("tag", "last", "bug").stdout == "bug\n"
    changed = lens.lensctl("tag", "1111", "new", "--remove", "BUG", "--remove", "to do", "--json")
    assert json.loads(changed.stdout) == {"session": SESSION, "tags": ["new"]}


def test_tags_are_shown_and_sessions_found_by_them(lens: Lens) -> None:
    fill(lens)
    lens.lensctl("tag", "1111", "Bug", "\x1b")
    assert lens.lensctl("tag", "1111", "Bug").returncode == 0

    listed = json.loads(lens.lensctl("sessions", "--json").stdout)
    assert {one["id"]: one["tags"] for one in listed} == {SESSION: ["Bug"], OTHER: []}
    assert [one["id"] for one in json.loads(lens.lensctl("sessions", "--tag", "bug", "--json").stdout)] == [
        SESSION
    ]
    assert json.loads(lens.lensctl("show", SESSION, "--json").stdout)["session"]["tags"] == ["Bug"]
    assert "Bug" in lens.lensctl("show", SESSION).stdout
    assert "Bug" in lens.lensctl("sessions", "--tag", "BUG").stdout
    none = lens.lensctl("sessions", "--tag", "nope")
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "no session has the tag 'nope'\n")


def test_mistakes_are_named(lens: Lens) -> None:
    fill(lens)
    for words, said in (
        (["nobody", "x"], "no session with an id"),
        (["1111", "x" * 65], "at most 64 characters"),
        (["1111", " "], "at least one character"),
        (["1111", "\x1b[31m"], "printable characters only"),
        (["1111", "fine", "--remove", "Bug"], f"session {SESSION} has no tag 'Bug'"),
    ):
        done = lens.lensctl("tag", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert "\x1b" not in done.stderr
    assert json.loads(lens.lensctl("tag", "1111", "--json").stdout)["tags"] == []
