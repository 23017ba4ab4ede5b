"""The unit and the agent, with a systemctl that only notes what it is told."""

from __future__ import annotations

import plistlib
import sys
from pathlib import Path

import pytest

from claude_lens.errors import HostError
from claude_lens.proxy import service
from claude_lens.settings import Settings, load


def settings(home: Path) -> Settings:
    return load({"CLAUDE_LENS_HOME": str(home)})


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the words of each systemctl are noted; it fails where there is a file ``broken``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> "{folder}/told"\n'
        f'[ ! -e "{folder}/broken" ] || {{ echo "no bus" >&2; exit 1; }}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(sys, "platform", "linux")
    return folder / "told"


def test_a_unit_comes_and_goes_without_a_trace(told: Path, tmp_path: Path) -> None:
    assert service.installed() is None
    assert service.remove() is None
    file = service.install(settings(tmp_path / 'my "home" 5%'))
    assert file == tmp_path / "config" / "systemd" / "user" / "claude-lens.service"
    text = file.read_text()
    assert f'Environment="CLAUDE_LENS_HOME={tmp_path}/my \\"home\\" 5%%"' in text
    assert f'ExecStart="{sys.executable}" -P -m claude_lens up' in text
    assert service.installed() == file
    assert service.remove() == file
    assert not file.exists()
    assert told.read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable --now claude-lens.service",
        "--user disable claude-lens.service",
        "--user daemon-reload",
    ]


def test_what_systemd_refuses_is_said(told: Path, tmp_path: Path) -> None:
    (told.parent / "broken").touch()
    with pytest.raises(HostError, match="systemctl --user daemon-reload: no bus"):
        service.install(settings(tmp_path))


def test_an_agent_of_launchd(tmp_path: Path) -> None:
    made = plistlib.loads(service.text("launchd", settings(tmp_path)))
    assert made["ProgramArguments"] == [sys.executable, "-P", "-m", "claude_lens", "up"]
    assert made["EnvironmentVariables"] == {"CLAUDE_LENS_HOME": str(tmp_path)}
    assert (made["RunAtLoad"], made["AbandonProcessGroup"]) == (True, True)
    assert service.file("launchd").name == "io.claude-lens.proxy.plist"


def test_where_there_is_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(HostError, match="neither systemd nor launchd"):
        service.kind()
