"""Names come from one module, and are those of the conventions where these have them."""

from __future__ import annotations

import re
from pathlib import Path

from openinference.semconv import trace as semconv
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

from claude_lens.tracing import names

FOLDER = Path(names.__file__).parent
OWN = {"claude_lens.tools.names", "claude_lens.tools.digest", "claude_lens.attributes_left_out", "model_id"}
# What Langfuse prices by (source: its OpenTelemetry ingestion).
OWN |= {"langfuse.", "langfuse.observation.usage_details", "langfuse.observation.cost_details"}
OWN |= {"gen_ai.usage.cost"}
OTHERS = re.compile(r"(http|error|exception|service|openinference\.project)\.")
ATTRIBUTE = re.compile(
    r"""["'](llm|gen_ai|message|input|output|session|user|graph|tag|tool|agent)\.[a-z_.]+["']"""
)


def known() -> set[str]:
    """Every name that the installed conventions define."""
    classes = [value for value in vars(semconv).values() if isinstance(value, type)]
    values = {str(value) for one in classes for value in vars(one).values() if isinstance(value, str)}
    return values | {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI")}


def test_every_name_is_the_conventions_or_declared_ours() -> None:
    ours = {
        value
        for name, value in vars(names).items()
        if name.isupper() and isinstance(value, str) and "." in value
    }
    unknown = {name for name in ours if name not in known() | OWN and not OTHERS.match(name)}
    assert unknown == set()


def test_no_other_module_spells_a_name() -> None:
    for path in FOLDER.glob("*.py"):
        if path.name != "names.py":
            assert not ATTRIBUTE.findall(path.read_text()), path.name
