"""Writes the settings into ``.env.example``, the README and docker-compose.yml, or checks them there."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from claude_lens.settings import TABLE, Entry

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
COMPOSE_BEGIN, COMPOSE_END = "  # settings: begin", "  # settings: end"
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
            ("DEEPSEEK_API_KEY", "Key of DeepSeek."),
            ("DASHSCOPE_API_KEY", "Key of Alibaba's DashScope, for Qwen."),
            ("OPENROUTER_API_KEY", "Key of OpenRouter."),
            ("FIREWORKS_AI_API_KEY", "Key of Fireworks."),
            ("OLLAMA_API_BASE", "Address of Ollama, http://localhost:11434 by default."),
            ("PLANO_BASE_URL", "Address of a Plano gateway."),
            ("PLANO_API_KEY", "Key of a Plano gateway that asks for one."),
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

NOT_FOR_CONTAINERS: frozenset[str] = frozenset(
    (
        "home",
        "url",
        "host",
        "port",
        "web_port",
        "config",
        "claude",
        "key",
        "autostart",
        "greeting",
        "published",
        "trusted_url",
    )
)
"""Settings that docker-compose.yml decides itself (addresses, folders) or that only the client reads."""

SIBLINGS: tuple[str, ...] = (
    "DB_PATH",
    "GOOGLE_API_KEY",
    "OPENAI_API_BASE",
    "FIREWORKS_API_KEY",
    "OLLAMA_BASE_URL",
    "PLANO_API_BASE",
    "REDIS_PASSWORD",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "ARIZE_SPACE_KEY",
    "ARIZE_ENDPOINT",
    "ARIZE_COLLECTOR_ENDPOINT",
    "PHOENIX_PROJECT_NAME",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "OTEL_SDK_DISABLED",
    "OTEL_TRACES_EXPORTER",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OPENINFERENCE_HIDE_INPUTS",
    "OPENINFERENCE_HIDE_OUTPUTS",
    "OPENINFERENCE_HIDE_INPUT_MESSAGES",
    "OPENINFERENCE_HIDE_OUTPUT_MESSAGES",
    "OPENINFERENCE_HIDE_INPUT_IMAGES",
    "OPENINFERENCE_HIDE_INPUT_TEXT",
    "OPENINFERENCE_HIDE_OUTPUT_TEXT",
    "OPENINFERENCE_HIDE_LLM_TOOLS",
    "OPENINFERENCE_HIDE_LLM_INVOCATION_PARAMETERS",
    "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH",
)
"""Other spellings and relatives of what the docs list, which the programs inside the container read too."""


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


def handed_on() -> list[str]:
    """The variables that docker-compose hands to its containers, in the order of the docs, each once."""
    own = [entry for name, entry in TABLE.items() if name not in NOT_FOR_CONTAINERS]
    names = [name for entry in own for name in (entry.variable, *entry.aliases)]
    names += [name for _, rows in OTHERS for name, _ in rows]
    return list(dict.fromkeys([*names, *SIBLINGS]))


def compose_lines() -> str:
    """The variables for docker-compose.yml, without a value: compose takes it from environment or .env."""
    return "\n".join(f"  {name}:" for name in handed_on())


def between(text: str, begin: str, end: str, content: str) -> str:
    """``text`` with ``content`` between its marks; raises ``ValueError`` where they are missing."""
    head, first, rest = text.partition(begin)
    _, last, tail = rest.partition(end)
    if not first or not last:
        raise ValueError(f"a file lacks the marks {begin.strip()} and {end.strip()}")
    return f"{head}{begin}\n{content}\n{end}{tail}"


def wanted(root: Path) -> Iterable[tuple[Path, str]]:
    """Each generated file of the checkout at ``root`` and the text it should have."""
    readme, compose = root / "README.md", root / "docker-compose.yml"
    yield root / ".env.example", env_example()
    yield readme, between(readme.read_text(encoding="utf-8"), BEGIN, END, readme_table())
    yield compose, between(compose.read_text(encoding="utf-8"), COMPOSE_BEGIN, COMPOSE_END, compose_lines())


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
