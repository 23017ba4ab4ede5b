"""``python -m tests.providers.differences.report``: runs every case and writes ``docs/differences.md``."""

from __future__ import annotations

import sys
from collections import Counter

from tests.harness.processes import ROOT
from tests.providers.differences.corpus import FORMATS, table
from tests.providers.differences.kind import Kind
from tests.providers.differences.kinds import KINDS, kind_of
from tests.providers.differences.run import Outcomes, everything

PAGE = ROOT / "docs" / "differences.md"
INTRO = """\
# Other providers: LiteLLM alone, and with claude-lens

Each request below goes twice to the same scripted provider in one run: through a stock `litellm --config`
with the configuration of claude-lens but without its callbacks, and through claude-lens. The cases are those
of the [comparison of both lanes](conformance.md), odd streams of every format (calls in one piece, cut
answers, errors in mid-stream), and requests as Claude Code sends them. The provider refuses what its
published schema does not have, where it speaks OpenAI's formats.

What reached the provider and what reached the client is compared by meaning: paths in the body (`[]` stands
for every element of a list), headers without hop-by-hop ones, status, blocks, error, stop reason, usage, and
whether the connection was cut. *Lost*, *added*, *changed* and *A is B* say what claude-lens makes of
LiteLLM's own. In brackets: the format and how many of its cases show it.

This page is made by `make differences`, which fails where a difference has no reason here. The test suite
runs a sample of it.
"""
HEADS = {
    "better": "Better with claude-lens",
    "equal": "Neither better nor worse",
    "worse": "Worse",
}


def unlisted(outcomes: Outcomes) -> list[str]:
    """Differences of no known kind, each with its first case."""
    found = {
        f"{case.format}: {label}": case.name
        for case, labels in reversed(outcomes)
        for label in labels
        if kind_of(case.format, label) is None
    }
    return sorted(f"{told} ({name})" for told, name in found.items())


def idle(outcomes: Outcomes) -> list[str]:
    """Kinds, and patterns in them, that no difference needs."""
    seen = {(case.format, label) for case, labels in outcomes for label in labels}
    return [
        f"{pattern} ({kind.text[:40]}…)"
        for kind in KINDS
        for pattern in kind.patterns
        if not any(kind.covers(form, label, (pattern,)) for form, label in seen)
    ]


def render(outcomes: Outcomes) -> str:
    """The page; equal outcomes give equal pages."""
    forms = Counter(case.format for case, _ in outcomes)
    told = ", ".join(f"{form} {forms[form]}" for form in FORMATS)
    same = sum(not labels for _, labels in outcomes)
    lines = [
        INTRO,
        f"{len(outcomes)} cases ({told}); {same} without any difference.",
        "",
        "| format | asked for as |",
        "|---|---|",
        *(f"| {form} | {ABOUT[form]} |" for form in FORMATS),
    ]
    for verdict, head in HEADS.items():
        lines += ["", f"## {head}"]
        for side in ("provider", "client"):
            kinds = [kind for kind in KINDS if (kind.verdict, kind.side) == (verdict, side)]
            if kinds:
                lines += ["", f"### What reaches the {side}", ""]
            for kind in kinds:
                lines += _told(kind, outcomes)
    return "\n".join(lines) + "\n"


ABOUT = {
    "anthropic": "Claude itself, in Anthropic's own format",
    "chat": "`hosted_vllm/…`, `groq/…`, `dashscope/…`: chat completions",
    "openai": "`openai/gpt-4o`: chat completions with us, Responses with LiteLLM alone",
    "responses": "`openai/gpt-5-codex`: OpenAI's Responses",
    "gemini": "`gemini/gemini-2.5-pro`",
    "ollama": "`ollama_chat/…`",
    "deepseek": "`deepseek/…`, in Anthropic's format at another provider's",
}


def _told(kind: Kind, outcomes: Outcomes) -> list[str]:
    found: dict[str, Counter[str]] = {}
    for case, labels in outcomes:
        for label in labels:
            if kind_of(case.format, label) is kind:
                found.setdefault(label.partition(" ")[2], Counter())[case.format] += 1
    listed = [
        f"    - `{label}` ({', '.join(f'{form} {counts[form]}' for form in FORMATS if counts[form])})"
        for label, counts in sorted(found.items())
    ]
    return [f"- {kind.text}", *listed] if listed else []


def main() -> int:
    """Run everything, write the page; 1 where a difference has no reason, or a reason no difference."""
    outcomes = everything(table())
    wrong = [f"no reason: {one}" for one in unlisted(outcomes)]
    wrong += [f"not needed: {one}" for one in idle(outcomes)]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    PAGE.write_text(render(outcomes), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
