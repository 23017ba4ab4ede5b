"""``python -m tests.conformance.report``: runs the suite and writes ``docs/conformance.md``."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from tests.conformance.cases import table
from tests.conformance.expected import REASONS
from tests.conformance.run import Outcomes, run
from tests.conformance.ways import ABOUT, PROXIED
from tests.harness.processes import ROOT

PAGE = ROOT / "docs" / "conformance.md"
USUAL = 0.6
INTRO = """\
# Can Claude Code tell the proxy from the real API?

Each case is a request and an answer, sent as bytes over five ways in one run: directly to a scripted
provider, and over the four below. The provider notes what it received, the client what came back: path,
query, body, headers (without hop-by-hop ones, `Host`, credentials, and the answer's `Date` and `Server`),
status, body, where the connection was cut, and whether parts were held back. A cell says in what a way
differs from the direct one; **=** is no difference, byte for byte.

This page is made by `make conformance`; the test suite runs the same cases and fails where an outcome
differs from this page.
"""


def render(outcomes: Outcomes) -> str:
    """The page for these outcomes; equal outcomes give equal pages."""
    usual = {way: _usual(outcomes, way) for way in PROXIED}
    lines = [INTRO, "| way | what it is | identical | but for the usual headers |", "|---" * 4 + "|"]
    for way in PROXIED:
        same = sum(not found[way] for found in outcomes.values())
        nearly = sum(not set(found[way]) - set(usual[way]) for found in outcomes.values())
        lines.append(f"| {way} | {ABOUT[way]} | {same} of {len(outcomes)} | {nearly} of {len(outcomes)} |")
    lines += [
        "",
        "## What differs nearly everywhere",
        "",
        "Headers and marks that most cases show (in how many), left out of the tables below.",
        "",
    ]
    for way, labels in usual.items():
        counts = Counter(label for found in outcomes.values() for label in found[way])
        told = [f"{label} ({counts[label]})" for label in labels]
        lines.append(f"- {way}: {'; '.join(told) or 'nothing'}")
    for about in dict.fromkeys(case.about for case in table()):
        lines += ["", f"## {about.capitalize()}", "", f"| case | {' | '.join(PROXIED)} |", "|---" * 5 + "|"]
        for case in (case for case in table() if case.about == about):
            found = outcomes[case.name]
            cells = [_cell([x for x in found[way] if x not in usual[way]], found[way]) for way in PROXIED]
            lines.append(f"| {case.name} | {' | '.join(cells)} |")
    lines += ["", "## Why", ""]
    for reason in REASONS:
        lines.append(f"- {', '.join(reason.ways)}: {', '.join(reason.labels)}. {reason.text}")
    return "\n".join(lines) + "\n"


def _usual(outcomes: Outcomes, way: str) -> list[str]:
    counts = Counter(label for found in outcomes.values() for label in found[way])
    return sorted(label for label, count in counts.items() if count > USUAL * len(outcomes))


def _cell(labels: list[str], everything: list[str]) -> str:
    if not labels:
        return "as everywhere" if everything else "**=**"
    groups: dict[tuple[str, str], list[str]] = {}
    for label in labels:
        words = label.split(" ")
        if words[1:2] == ["header"] and len(words) == 4:
            groups.setdefault((words[0], words[3]), []).append(f"`{words[2]}`")
        else:
            groups.setdefault(("", label), [])
    return "; ".join(
        f"{side} {verb}: {', '.join(names)}" if names else verb for (side, verb), names in groups.items()
    )


def main() -> None:
    """Run everything and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(render(run(Path(folder))), encoding="utf-8")


if __name__ == "__main__":
    main()
