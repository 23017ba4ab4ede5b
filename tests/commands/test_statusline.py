"""``lensctl statusline --install``: only its own entry, and back without a trace."""

from __future__ import annotations

import io
import json
import shlex
import sys
from pathlib import Path

import pytest

from claude_lens.cli import run


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAUDE_LENS_HOME", str(tmp_path / "lens"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude config"))
    program = Path(sys.executable).with_name("claude-lens-statusline")
    if not program.is_file():
        bin_folder = tmp_path / "bin"
        bin_folder.mkdir()
        (bin_folder / "claude-lens-statusline").write_text("#!/bin/sh\n")
        (bin_folder / "claude-lens-statusline").chmod(0o755)
        monkeypatch.setenv("PATH", str(bin_folder), prepend=":")
    return tmp_path / "claude config" / "settings.json"


def test_there_and_back(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings_file.parent.mkdir()
    before = '{"theme": "dark",\n    "statusLine": {"type": "command", "command": "mine"}}'
    settings_file.write_text(before)
    assert run(["statusline", "--install", "--yes", "--template", "{cost} · {plan}"]) == 0
    told = json.loads(settings_file.read_text())
    assert told["theme"] == "dark"
    words = shlex.split(told["statusLine"]["command"])
    assert words[0].endswith("claude-lens-statusline")
    assert words[1:] == ["--template", "{cost} · {plan}"]
    assert "which --remove brings back" in capsys.readouterr().out
    assert run(["statusline", "--remove"]) == 0
    assert settings_file.read_text() == before
    assert run(["statusline", "--remove"]) == 0


def test_no_file_before_no_file_after(settings_file: Path) -> None:
    assert run(["statusline", "--install", "--yes"]) == 0
    assert settings_file.exists()
    assert run(["statusline", "--remove"]) == 0
    assert not settings_file.exists()


def test_asked_first(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert run(["statusline", "--install"]) == 130
    assert not settings_file.exists()


def test_not_both(settings_file: Path) -> None:
    assert run(["statusline", "--install", "--remove"]) == 2
