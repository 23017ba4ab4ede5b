from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from claude_lens.errors import NotFound
from claude_lens.store.reading.filters import Filter
from claude_lens.store.reading.queries import Reader
from claude_lens.terminal.choosing import chosen, filter_options, named
from tests.commands import conftest as commands
from tests.commands.conftest import OTHER, SESSION
from tests.harness.lens import Lens

recorded = commands.recorded


def parse(reader: Reader, *words: str) -> Filter:
    found: list[Filter] = []

    @click.command()
    @filter_options
    def command(**options: Any) -> None:
        found.append(chosen(reader, options))
        assert set(options) == {"tz"}

    done = CliRunner().invoke(command, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return found[0]


def test_options_make_a_filter(recorded: Lens, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with Reader(recorded.settings.database_url) as reader:
        assert parse(reader) == Filter()
        assert parse(
            reader, "--session", SESSION[:3], "--project", ".", "--tool", "Bash", "--class", "main"
        ) == Filter(session=SESSION, project=str(tmp_path), tool="Bash", request_class="main")
        found = parse(reader, "--since", "2026-01-01", "--until", "2026-01-02", "--tz", "UTC")
        assert (found.since, found.until) == (1767225600.0, 1767312000.0)
        with pytest.raises(NotFound):
            parse(reader, "--session", "zzz")


def test_a_request_of_a_session(recorded: Lens) -> None:
    with Reader(recorded.settings.database_url) as reader:
        assert named(reader, "last:1") == "10" + "0" * 30
        assert named(reader, f"{SESSION[:4]}:2") == "05" + "0" * 30
        for whole in ("last", "05", "x:y", "last:²"):
            assert named(reader, whole) == whole
        for wrong, said in (
            ("last:9", f"no turn 9 in a session with an id that begins with '{OTHER}'"),
            ("last:0", "are counted from 1"),
            ("zzz:1", "no session with an id that begins with 'zzz'"),
            (":1", "no session with an id"),
        ):
            with pytest.raises(NotFound, match=said):
                named(reader, wrong)
