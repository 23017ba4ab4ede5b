import json
from pathlib import Path
from typing import Any

from tests.harness.lens import Lens

ROUTES = """
model_list:
  - model_name: claude-*
    litellm_params: {model: anthropic/claude-*}
subagent_routing:
  agents:
    poet: claude-haiku-4-5
  rules:
    - type: Explore
      to: groq:llama-3.3-70b-versatile
    - class: auxiliary
      model: claude-haiku-*
      to: gpt-4o
"""
KEYS: dict[str, Any] = {"OPENAI_API_KEY": "sk-o", "GROQ_API_KEY": "gsk"}
MAPPINGS = "code-reviewer:gpt-4o,planner:plano:gemini/gemini-2.0-flash-exp"


def config(lens: Lens, text: str = ROUTES) -> Path:
    file = lens.folder / "litellm_config.yaml"
    file.write_text(text)
    return file


def test_off(lens: Lens) -> None:
    assert lens.lensctl("routes").stdout == "no rules: every agent gets the model that it asks for\n"
    assert json.loads(lens.lensctl("routes", "--json").stdout) == []


def test_effective_table(lens: Lens) -> None:
    file = config(lens)
    done = lens.lensctl("routes", "--config", str(file), "--json", SUBAGENT_MAPPINGS=MAPPINGS, **KEYS)
    listed = json.loads(done.stdout)
    assert [row["target"] for row in listed] == [
        "openai/gpt-4o",
        "plano/gemini/gemini-2.0-flash-exp",
        "claude-haiku-4-5 (model_list)",
        "groq/llama-3.3-70b-versatile",
        "openai/gpt-4o",
    ]
    assert listed[0]["source"] == "SUBAGENT_MAPPINGS"
    assert listed[2]["source"] == f"{file}:7"
    shown = lens.lensctl("routes", "--config", str(file), **KEYS).stdout
    assert "rule 1: type=Explore" in shown


def test_which_rule_would_hit(lens: Lens) -> None:
    file = str(config(lens))

    def ask(*options: str) -> str:
        return lens.lensctl("routes", "test", "--config", file, *options, **KEYS).stdout

    assert ask("--agent", "poet").startswith("agents: poet → claude-haiku-4-5 (model_list)")
    assert ask("--agent", "Explore").startswith("rule 1: type=Explore → groq/")
    assert ask("--type", "Explore").startswith("rule 1")
    assert ask("--class", "auxiliary", "--model", "claude-haiku-4-5").startswith("rule 2")
    assert ask("--agent", "main", "--model", "claude-x") == "no rule hits: claude-x answers\n"
    assert json.loads(ask("--class", "main", "--json"))["rule"] is None
    assert json.loads(ask("--agent", "poet", "--json"))["to"] == "claude-haiku-4-5"


def test_a_mistake_is_one_line_and_nothing_starts(lens: Lens) -> None:
    file = config(lens, ROUTES.replace("gpt-4o", "gtp-4o"))
    for command in ("routes", "up"):
        done = lens.lensctl(command, "--config", str(file), **KEYS)
        assert done.returncode == 2
        assert done.stderr.startswith(f"lensctl: {file}:11: unknown model 'gtp-4o'")
        assert done.stderr.count("\n") == 1
    mapped = lens.lensctl("up", SUBAGENT_MAPPINGS="code-reviewer")
    assert mapped.returncode == 2
    assert "'code-reviewer' is not name:model" in mapped.stderr
    assert not (lens.home / "proxy.json").exists()


def test_the_proxy_that_runs_counts(lens: Lens) -> None:
    file = config(lens)
    assert lens.lensctl("up", "--config", str(file), SUBAGENT_MAPPINGS=MAPPINGS, **KEYS).returncode == 0
    listed = json.loads(lens.lensctl("routes", "--json").stdout)
    assert [row["source"].rpartition("/")[2].partition(":")[0] for row in listed] == [
        *["SUBAGENT_MAPPINGS"] * 2,
        *["litellm_config.yaml"] * 3,
    ]
    tried = lens.lensctl("routes", "test", "--agent", "code-reviewer")
    assert tried.stdout.startswith("SUBAGENT_MAPPINGS: code-reviewer → openai/gpt-4o")
    assert json.loads(lens.lensctl("routes", "--json", "--config", str(file), **KEYS).stdout) == listed[2:]
