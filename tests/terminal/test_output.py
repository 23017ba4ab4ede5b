from __future__ import annotations

import json

import pytest

from claude_lens.terminal import output


def test_nothing_printed_can_command_the_terminal() -> None:
    assert output.printable("a\x1b[31mb\nc\u202ed\x9be") == "a [31mb c d e"
    assert output.printable(None) == ""


def test_several_lines_show_what_would_command_it() -> None:
    assert output.visible("a\x1b[31mb\r\n\tc\x9bd\x7f\u00e9") == "a\u241b[31mb\n\tc\\x9bd\u2421\u00e9"


def test_json_of_any_content(capsys: pytest.CaptureFixture[str]) -> None:
    for value in ({"a": "ü"}, {"lone": "\ud800"}):
        output.print_json(value)
        assert json.loads(capsys.readouterr().out) == value


def test_plain_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    output.console().print("[red]x[/] " + "y" * 300)
    assert capsys.readouterr().out == "x " + "y" * 300 + "\n"
    progress = output.Progress("starting")
    progress(1.0)
    progress.done()
    assert capsys.readouterr().err == ""
