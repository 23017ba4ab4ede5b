"""Writes the settings table into ``.env.example`` and the marked region of the README, or checks it there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from claude_lens.settings import TABLE, Entry

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
ROOT = Path(__file__).resolve().parent.parent

OTHERS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Providers (read by LiteLLM)",
        (
            ("ANTHROPIC_API_KEY", "Key of the Anthropic API; not needed with a claude.ai login."),
            ("OPENAI_API_KEY", "Key of OpenAI."),
            ("OPENAI_BASE_URL", "Another address that speaks OpenAI's API."),
            ("GROQ_API_KEY", "Key of Groq."),
            ("GEMINI_API_KEY", "Key of Google's Gemini."),
            ("PLANO_BASE_URL", "Address of a Plano gateway."),
        ),
    ),
    (
        "LiteLLM",
        (
            ("REDIS_HOST", "Redis that several proxies share what they know of subagents through."),
            ("REDIS_PORT", "Its port; LiteLLM wants both."),
            ("LITELLM_SALT_KEY", "Encrypts provider keys in LiteLLM's own database, where one is used."),
            (
                "SUBAGENT_MAPPINGS",
                "Models of subagents: code-reviewer:gpt-4o,planner:plano:gemini/gemini-2.0-flash.",
            ),
        ),
    ),
    (
        "Tracing (off unless one is set)",
        (
            ("ARIZE_API_KEY", "Key of Arize."),
            ("ARIZE_SPACE_ID", "Space of Arize; ARIZE_SPACE_KEY is the older form."),
            ("ARIZE_MODEL_ID", "Name of the model in Arize, litellm-proxy by default."),
            ("ARIZE_MODEL_VERSION", "Version of the model in Arize, local-dev by default."),
            ("ARIZE_PROJECT_NAME", "Project in Arize."),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "Any OpenTelemetry backend, with its sibling variables."),
        ),
    ),
)
"""Variables that other programs read, by heading: (name, sentence). They pass through unchecked."""


def default(entry: Entry) -> str:
    """The default as the docs show it; empty where there is none."""
    return entry.shown or entry.default or ""


def env_example() -> str:
    """The whole text of ``.env.example``: every variable commented out, so a plain copy changes nothing."""
    lines = [
        "# Copy to .env (here or in ~/.claude-lens) and uncomment what you need.",
        "# Generated: python -m claude_lens.settings_docs --write.",
    ]
    lines += ["", "# --- claude-lens ---"]
    for entry in TABLE.values():
        also = f" Also: {', '.join(entry.aliases)}." if entry.aliases else ""
        note = f" Default: {entry.shown}." if entry.shown else ""
        lines += [f"# {entry.sentence}{also}{note}", f"#{entry.variable}={entry.default or ''}", ""]
        if entry.variable == "CLAUDE_LENS_DATABASE_URL":
            lines += [
                "# File of the SQLite database, where CLAUDE_LENS_DATABASE_URL is not set.",
                "#DB_PATH=",
                "",
            ]
    for heading, rows in OTHERS:
        lines += [f"# --- {heading} ---"]
        for name, sentence in rows:
            lines += [f"# {sentence}", f"#{name}="]
        lines += [""]
    return "\n".join(lines)


def readme_table() -> str:
    """The Markdown table between the README's marks, marks not included."""
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    for entry in TABLE.values():
        names = ", ".join(f"`{name}`" for name in (entry.variable, *entry.aliases))
        shown = entry.shown or (f"`{entry.default}`" if entry.default else "")
        lines.append(f"| {names} | {shown} | {_cell(entry.sentence)} |")
    for heading, rows in OTHERS:
        lines += [f"| `{name}` | | {heading}: {_cell(sentence)} |" for name, sentence in rows]
    return "\n".join(lines)


def in_readme(text: str) -> str:
    """``text`` with the table between its marks; raises ``ValueError`` without marks."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks the marks {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{readme_table()}\n{END}{tail}"


def wanted(root: Path) -> Iterable[tuple[Path, str]]:
    """Each generated file of the checkout at ``root`` and the text it should have."""
    readme = root / "README.md"
    yield root / ".env.example", env_example()
    yield readme, in_readme(readme.read_text(encoding="utf-8"))


def main(arguments: list[str], root: Path = ROOT) -> int:
    """``--write`` writes, ``--check`` compares; 0 when all is up to date, 1 when not, 2 on misuse."""
    if arguments not in (["--write"], ["--check"]):
        print("usage: python -m claude_lens.settings_docs --write | --check", file=sys.stderr)
        return 2
    stale = [
        (file, text) for file, text in wanted(root) if not file.is_file() or file.read_text("utf-8") != text
    ]
    for file, text in stale:
        if arguments == ["--write"]:
            file.write_text(text, encoding="utf-8")
        else:
            print(
                f"{file.name} is not up to date: python -m claude_lens.settings_docs --write", file=sys.stderr
            )
    return 1 if stale and arguments == ["--check"] else 0


def _cell(sentence: str) -> str:
    return sentence.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
