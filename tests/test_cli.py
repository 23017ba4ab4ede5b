import os
import subprocess
import sys
from pathlib import Path

import pytest

import claude_lens
from claude_lens import cli, commands
from claude_lens.errors import NotFound
from tests.commands.filled import fill
from tests.harness.lens import Lens

COMMANDS = sorted(
    file.stem.rstrip("_").replace("_", "-")
    for file in Path(str(commands.__file__)).parent.glob("*.py")
    if file.name != "__init__.py"
)


def test_every_module_is_a_command_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert {
        "up",
        "down",
        "restart",
        "status",
        "logs",
        "doctor",
        "sessions",
        "show",
        "watch",
        "env",
        "demo",
    } <= set(COMMANDS)
    assert cli.run(["--help"]) == 0
    overview = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in overview
        assert cli.run([name, "--help"]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"Usage: lensctl {name}")
        assert len(shown.splitlines()) > 3
    assert cli.run(["key", "rotate", "-h"]) == 0


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert claude_lens.__version__ in capsys.readouterr().out


def test_misuse_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["nonsense"], ["up", "--nonsense"], ["up", "--port", "0"]):
        assert cli.run(words) == 2
        err = capsys.readouterr().err
        assert "Error: " in err


def test_a_misspelt_command_is_answered_with_those_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sesions"]) == 2
    assert "Did you mean sessions" in capsys.readouterr().err
    assert cli.run(["xyzzy"]) == 2
    assert "lensctl --help lists them" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(NotFound("no such thing"), 2), (KeyboardInterrupt(), 130)])
def test_errors(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.lensctl, "main", fail)
    assert cli.run([]) == code
    assert capsys.readouterr().err == ("lensctl: no such thing\n" if code == 2 else "")


# Some print by themselves, some through click, rich or bytes; some more than a buffer holds.
PRINTERS = (["env", "--format", "json"], ["--help"], ["stats"], ["routes"], ["init"], ["logs"], ["export"])


@pytest.mark.parametrize("words", PRINTERS, ids=" ".join)
def test_a_reader_that_leaves_is_no_failure(words: list[str], lens: Lens) -> None:
    fill(lens)
    (lens.home / "proxy.log").write_text("a line of the log\n" * 10_000)
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-P", "-m", "claude_lens", *words]
    with os.fdopen(write, "w") as gone:
        done = subprocess.run(command, env=lens.environment, stdout=gone, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.replace("lensctl: the key is masked; --reveal prints it\n", "")) == (
        0,
        "",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", PRINTERS[1:], ids=" ".join)
def test_a_full_disk_is_one_line(words: list[str], lens: Lens) -> None:
    fill(lens)
    (lens.home / "proxy.log").write_text("a line of the log\n" * 10_000)
    command = [sys.executable, "-P", "-m", "claude_lens", *words]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, env=lens.environment, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "lensctl: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_closed_streams(lens: Lens) -> None:
    fill(lens)
    line = f'"{sys.executable}" -P -m claude_lens'
    for words in ("sessions >&-", "sessions 2>&-", "status >&-", "stats <&- >&- 2>&-"):
        done = lens.run("sh", "-c", f"{line} {words}")
        assert (done.returncode, done.stderr) == (1 if "status" in words else 0, ""), words


NEVER = frozenset(
    (
        "litellm",
        "alembic",
        "starlette",
        "uvicorn",
        "httpx",
        "aiohttp",
        "asyncpg",
        "sqlalchemy.dialects.postgresql",
    )
)
"""What no command that looks into an SQLite store has a use for."""
NO_QUESTION = NEVER | {"sqlalchemy", "rich", "yaml", "dotenv"}
"""The same for those that ask no store, or only for a few rows."""


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        ("--version", NO_QUESTION),
        ("--help", NO_QUESTION | {"psutil", "claude_lens.settings"}),
        ("down --help", NO_QUESTION),
        ("status", NO_QUESTION),
        ("statusline", NO_QUESTION | {"psutil"}),
        ("env", NO_QUESTION),
        ("sessions", NEVER),
        ("show last", NEVER),
        ("last", NEVER),
        ("stats", NEVER),
        ("search hello", NEVER),
        ("why", NEVER),
    ],
)
def test_a_command_loads_nothing_that_it_does_not_need(words: str, unneeded: set[str], lens: Lens) -> None:
    fill(lens)
    code = f"import sys; from claude_lens import cli; cli.run({words.split()}); print('\\0', *sys.modules)"
    done = lens.run(sys.executable, "-P", "-c", code)
    assert done.returncode == 0, done.stderr
    assert unneeded.isdisjoint(done.stdout.rpartition("\0")[2].split())
