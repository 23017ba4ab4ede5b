import os
import sys
from pathlib import Path

from claude_lens.terminal import controlling
from tests.harness.processes import ROOT, child_environment
from tests.harness.terminal import Terminal

# A client on a terminal, whose hook runs in a session of its own without one.
CLIENT = """
import subprocess, sys
hook = (
    "from claude_lens.terminal import controlling as c; from pathlib import Path; p = c.terminal();"
    "c.write(p, ['written by the hook']) if p else Path(sys.argv[1]).write_text('none')"
).replace("sys", "__import__('sys')")
none = subprocess.DEVNULL
command = [sys.executable, "-c", hook, sys.argv[1]]
subprocess.run(command, stdin=none, stdout=none, stderr=none, start_new_session=True)
"""


def run(tmp_path: Path, *arguments: str) -> str:
    given = child_environment(PYTHONPATH=str(ROOT))
    client = [sys.executable, "-c", CLIENT, str(tmp_path / "told"), *arguments]
    with Terminal(client, given, tmp_path) as terminal:
        assert terminal.ended() == 0
        return terminal.text()


def test_a_hook_writes_on_its_clients_terminal(tmp_path: Path) -> None:
    assert "written by the hook" in run(tmp_path)
    assert not (tmp_path / "told").exists()


def test_not_where_the_client_prints_for_others(tmp_path: Path) -> None:
    assert run(tmp_path, "-p", "a prompt") == ""
    assert (tmp_path / "told").read_text() == "none"


def test_lines_end_as_a_terminal_wants_it(tmp_path: Path) -> None:
    controlling.write(Path(os.devnull), ["x"])
    (tmp_path / "device").touch()
    controlling.write(tmp_path / "device", ["one", "two"])
    assert (tmp_path / "device").read_bytes().count(b"\r\n") == 2
