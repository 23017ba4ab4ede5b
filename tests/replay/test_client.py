from __future__ import annotations

import json
from pathlib import Path

import pytest

from claude_lens.errors import UserError
from claude_lens.replay import client
from claude_lens.replay.comparing import Comparing
from claude_lens.replay.record import Prompt, Record, read
from claude_lens.store.reading.queries import Reader
from tests.replay.conftest import SESSION


@pytest.fixture
def record(stored: Reader) -> Record:
    with stored.connect() as connection:
        return read(connection, SESSION, Comparing())


def prompt(words: str = "go", **more: object) -> Prompt:
    values = {"words": words, "content": None, "before": 0, "model": "m", "effort": "low", **more}
    return Prompt(**values)  # type: ignore[arg-type]


def test_a_configuration_without_history_and_login(tmp_path: Path) -> None:
    own = tmp_path / "own" / ".claude"
    (own / "agents").mkdir(parents=True)
    (own / "projects").mkdir()
    (own / "CLAUDE.md").write_text("Be kind.")
    (own / ".credentials.json").write_text("{}")
    (own.parent / ".claude.json").write_text(
        json.dumps(
            {"mcpServers": {"x": {}}, "oauthAccount": {"a": 1}, "projects": {"/p": {"allowedTools": []}}}
        )
    )
    found = client.configured(tmp_path / "new", Path("/p"), {"HOME": str(own.parent)})
    assert sorted(path.name for path in found.iterdir()) == [".claude.json", "CLAUDE.md", "agents"]
    state = json.loads((found / ".claude.json").read_text())
    assert state["mcpServers"] == {"x": {}}
    assert "oauthAccount" not in state
    assert state["projects"]["/p"] == {
        "allowedTools": [],
        "hasTrustDialogAccepted": True,
        "hasCompletedProjectOnboarding": True,
    }
    login = client.configured(tmp_path / "live", Path("/p"), {"CLAUDE_CONFIG_DIR": str(own)}, login=True)
    assert (login / ".credentials.json").is_file()


def test_no_key_and_no_address_gets_in(record: Record, tmp_path: Path) -> None:
    own = {
        "PATH": "/bin",
        "ANTHROPIC_API_KEY": "sk-mine",
        "ANTHROPIC_BASE_URL": "http://elsewhere",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "h",
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "HTTPS_PROXY": "http://proxy",
    }
    made = client.environment(own, "http://127.0.0.1:1", tmp_path, record, prompt(), closed=True)
    assert "sk-mine" not in made.values()
    assert "CLAUDE_CODE_USE_BEDROCK" not in made
    assert made["ANTHROPIC_BASE_URL"] == made["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert made["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "h"
    assert (made["ANTHROPIC_MODEL"], made["CLAUDE_CODE_EFFORT_LEVEL"]) == ("m", "low")
    assert client.QUIET not in made
    assert not client.is_quiet(record, {}), "the record holds a title"
    assert client.is_quiet(record, {client.QUIET: "1"})
    opened = client.environment(own, "http://127.0.0.1:1", tmp_path, record, None, closed=False, live=True)
    assert opened["ANTHROPIC_API_KEY"] == "sk-mine"
    assert opened["HTTPS_PROXY"] == "http://proxy"
    assert opened["ANTHROPIC_MODEL"] == "claude-sonnet-4-5"


def test_command_lines(tmp_path: Path) -> None:
    settings = client.settings(tmp_path / "settings.json", "http://127.0.0.1:1", hooks=True)
    told = json.loads(settings.read_text())
    assert told["hooks"]["PreToolUse"][0]["hooks"][0]["url"] == "http://127.0.0.1:1/claude-lens/hook"
    command, given = client.print_command("claude", prompt("-x"), settings, "s1", ["--add-dir", "/d"])
    assert command[-2:] == ["--", "-x"]
    assert command[command.index("--resume") + 1] == "s1"
    assert given is None
    command, given = client.print_command("claude", prompt(content=[{"type": "text"}]), settings, None, [])
    assert "--resume" not in command
    assert json.loads(given or b"")["message"]["content"] == [{"type": "text"}]
    assert client.typed_command("claude", settings, ["--x"])[-1] == "--x"


def test_which_client(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a program that can be run"):
        client.find(tmp_path)
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\necho '2.1.99 (Claude Code)'\n")
    program.chmod(0o755)
    assert client.find(program) == str(program)
    assert client.version(str(program)) == (2, 1, 99)
