"""The record: frozen, typed, and independent of everything else."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from claude_lens import exchange
from claude_lens.exchange import Exchange, Usage

PARTS = [
    value for value in vars(exchange).values() if isinstance(value, type) and dataclasses.is_dataclass(value)
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_parts_are_frozen_and_by_keyword(part: type) -> None:
    parameters = part.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    with pytest.raises(TypeError):
        part("by position")


def test_prompt_tokens_count_everything_read_once() -> None:
    usage = Usage(
        input_tokens=1,
        output_tokens=10,
        cache_read_input_tokens=100,
        cache_creation_input_tokens=1000,
        cache_creation_5m_input_tokens=400,
        cache_creation_1h_input_tokens=600,
    )
    assert usage.prompt_tokens == 1101


def test_a_new_exchange_runs() -> None:
    new = Exchange(id="a" * 32)
    assert (new.status, new.response, new.usage, new.cost.usd) == ("running", None, None, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        new.status = "ok"  # type: ignore[misc]


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = ("litellm", "httpx", "sqlalchemy")
    program = f"import sys, claude_lens.exchange; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
