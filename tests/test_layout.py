"""The shape of the code: small rooms, a test file for every source file, imports that point inward."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "claude_lens"
MODULE_LINES = 400
LAUNCHER_LINES = 600
FUNCTION_LINES = 60
SHIM_LINES = 20

# A migration is one long list of steps.
MIGRATIONS = re.compile(r"/migrations/versions/")
WITHOUT_TWIN = re.compile(r"/migrations/env\.py$|/__(init|main)__\.py$")

# A room imports only from those of the lines above its own.
FLOORS = (
    ("descriptors", "errors", "exact", "units", "values", "launcher", "memory", "profiles", "messages"),
    ("exchange", "statusline", "when", "translation"),
    ("wire",),
    ("normalising", "settings"),
    ("agents", "client_settings", "guard", "happened", "hosts", "redact", "spool", "settings_docs"),
    ("store",),
    ("findings",),
    ("recorder", "terminal"),
    ("tracing",),
    ("proxy",),
    ("capture", "dashboard", "demo", "replay"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MAY_IMPORT_LITELLM = ("claude_lens/capture/", "callbacks/", "tests/", "benchmarks/")
MAY_IMPORT_CAPTURE = ("claude_lens/capture/", "callbacks/")


def tracked(*patterns: str) -> list[Path]:
    """Files under version control; in a source archive without git, those on disk."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        return sorted(path for pattern in patterns for path in ROOT.rglob(pattern) if path.is_file())
    return sorted({ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()})


SOURCES = [path for path in tracked("*.py") if path.is_relative_to(PACKAGE)]
PYTHON = tracked("*.py")


def name(path: Path) -> str:
    """Path in the checkout."""
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions; type-only imports count too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}:{node.lineno}: imports are absolute here"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_source_file_has_its_test_file(path: Path) -> None:
    if WITHOUT_TWIN.search(name(path)):
        return
    inside = path.relative_to(PACKAGE)
    twin = ROOT / "tests" / inside.parent / f"test_{inside.stem.lstrip('_')}.py"
    assert twin.is_file(), f"{name(path)} has no {name(twin)}"


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_rooms_are_small(path: Path) -> None:
    text = path.read_text()
    # The launcher is one file, so that a copy of it works.
    limit = LAUNCHER_LINES if name(path) == "claude_lens/launcher.py" else MODULE_LINES
    assert len(text.splitlines()) <= limit
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
        and not MIGRATIONS.search(name(path))
    ]
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_point_inward(path: Path) -> None:
    found = list(imports(path))
    ours = [module for module in found if module.split(".")[0] == "claude_lens"]
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room != "__init__":
        others = {module.split(".")[1] for module in ours if "." in module} - {room, "__version__"}
        assert {other for other in others if FLOOR[other] >= FLOOR[room]} == set()
    if not name(path).startswith(MAY_IMPORT_LITELLM):
        assert [m for m in found if m.split(".")[0] == "litellm"] == []
    if not name(path).startswith(MAY_IMPORT_CAPTURE):
        assert [m for m in ours if m.startswith("claude_lens.capture")] == []


def test_the_launcher_is_one_file_of_standard_library() -> None:
    launcher = PACKAGE / "launcher.py"
    assert {module.split(".")[0] for module in imports(launcher)} <= {*sys.stdlib_module_names, "__future__"}
    link = ROOT / "bin" / "claude-lens"
    assert link.is_symlink()
    assert link.readlink() == Path("../claude_lens/launcher.py")
    assert launcher.stat().st_mode & 0o111, "bin/claude-lens must be executable"


@pytest.mark.parametrize("path", tracked("callbacks/*.py"), ids=name)
def test_callbacks_are_shims(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= SHIM_LINES


def test_nothing_names_a_machine() -> None:
    """No path of a developer's machine, no package index, no number of a ticket."""
    machine = re.compile(
        r"(?<![\w.$}])/(home|root|Users|work|opt)/(?!me/|you/)\w+/|\bissue \d|(?<!&)#\d+\b(?![0-9a-f])"
    )
    index = re.compile(r"https?://|--index-url|--find-links")
    wrong = []
    for path in tracked():
        if path.suffix in {".png", ".svg", ".gif", ".woff2", ".ico", ".js", ".css"} or path == Path(__file__):
            continue
        text = path.read_text(errors="replace")
        pattern = index if path.name.startswith("constraints") or path.name == "package.json" else machine
        wrong += [f"{name(path)}: {found.group()}" for found in pattern.finditer(text)]
    assert not wrong
