import sys
from pathlib import Path

import pytest

from claude_lens.demo import client
from claude_lens.demo.provider import Provider
from claude_lens.errors import HostError
from tests.harness.processes import ROOT


def program(folder: Path, text: str) -> str:
    file = folder / "claude"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def test_found_on_path_or_in_the_checkout(tmp_path: Path) -> None:
    mine = program(tmp_path, "exit 0")
    assert client.find({"PATH": str(tmp_path), "CLAUDE_LENS_HOME": str(tmp_path)}) == mine
    local = ROOT / "node_modules" / ".bin" / "claude"
    found = client.find({"PATH": "/nowhere", "CLAUDE_LENS_HOME": str(tmp_path)})
    assert found == (str(local) if local.exists() else None)


def test_its_requests_make_a_whole_session(tmp_path: Path) -> None:
    with Provider() as provider:
        answer = client.run_requests(provider.url, "k", tmp_path)
        assert answer == "The folder holds a README and 3 notes."
        assert provider.requests == 5


def test_failures_are_told(tmp_path: Path) -> None:
    with Provider() as provider, pytest.raises(HostError, match="answered 404"):
        client.run_requests(provider.url + "/elsewhere", "k", tmp_path)
    base = {
        "CLAUDE_LENS_HOME": str(tmp_path),
        "CLAUDE_LENS_URL": "http://127.0.0.1:1",
        "CLAUDE_LENS_AUTOSTART": "0",
    }
    with pytest.raises(HostError, match="claude ended with code 1: claude-lens: no proxy at"):
        client.run_claude(program(tmp_path, "exit 0"), sys.executable, base, tmp_path)
