"""Every error text of ours has its entry in the documentation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.processes import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text().replace("\\|", "|")
RAISED = {
    "UserError",
    "SettingError",
    "ConfigError",
    "NotFound",
    "HostError",
    "ProxyError",
    "StoreError",
    "Problem",
}
LAST = {"SettingError", "ConfigError"}
"""Errors whose text is their last argument; with the others it is the first."""


def said(node: ast.expr) -> str:
    """A text as written, with ``…`` for what differs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(said(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return said(node.left) + said(node.right)
    return "…"


def messages() -> Iterator[tuple[str, str]]:
    """Where and what; texts that come whole from elsewhere are told where they are made."""
    for path in sorted((ROOT / "claude_lens").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            call = node.exc if isinstance(node, ast.Raise) else None
            if not isinstance(call, ast.Call) or not call.args or "dashboard/views" in path.as_posix():
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name in RAISED:
                text = said(call.args[-1 if name in LAST else 0]).replace("\n", " ")
                if text != "…":
                    yield path.name, text


MESSAGES = sorted(set(messages()))


def test_there_are_some() -> None:
    assert len(MESSAGES) > 100


@pytest.mark.parametrize(("where", "message"), MESSAGES, ids=lambda value: str(value)[:60])
def test_it_has_an_entry(where: str, message: str) -> None:
    assert f"| `{message}` |" in PAGE, f"{where}: docs/troubleshooting.md has no entry for: {message}"


def test_no_entry_is_of_the_past() -> None:
    """An entry whose message is gone misleads; the first table is of what others say."""
    ours = PAGE.partition("## When `claude-lens` starts")[2]
    entries = {
        line.split("` | ")[0].removeprefix("| `") for line in ours.splitlines() if line.startswith("| `")
    }
    assert entries - {message for _, message in MESSAGES} == set()


def test_the_page_is_on_the_site() -> None:
    assert "troubleshooting.md" in Path(ROOT / "mkdocs.yml").read_text()
