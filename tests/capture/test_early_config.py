"""What is said of a configuration before LiteLLM is there, held against what a loaded LiteLLM decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from claude_lens.capture.decision import PLAIN_PARAMS as LATE_PLAIN_PARAMS
from claude_lens.capture.early_config import PLAIN_PARAMS, Early, NotSimple, examine
from claude_lens.capture.prices import Published
from claude_lens.capture.upstream import Upstream
from claude_lens.profiles.catalogue import PROFILES
from claude_lens.profiles.render import render
from claude_lens.wire.pricing import relevant
from tests.harness.processes import ROOT, child_environment

KEY = "sk-lens-a-key-of-some-length"
SHIPPED = (ROOT / "litellm_config.yaml").read_text()
ENVIRON = {
    "LITELLM_MASTER_KEY": KEY,
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "ANTHROPIC_FORWARD_URL": "http://127.0.0.1:9/claude/v1/messages",
    "OTHER_KEY": "sk-other",
    "TRUE_KEY": "true",
}
MODELS = (
    "claude-sonnet-4-5",
    "claude-opus-5-5",
    "claude-haiku-4-5",
    "claude-x-haiku-1",
    "claude-",
    "claude",
    "claude-*",
    "claude-a\nb",
    "claude-ä",
    "anthropic/claude-sonnet-4-5",
    "CLAUDE-sonnet-4-5",
    "opus",
    "other",
    "gpt-4o",
    "nothing",
)


def entry(name: str, model: str, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}}


CLAUDE = entry("claude-*", "anthropic/claude-*")
MODEL_LISTS: dict[str, list[dict[str, Any]]] = {
    "wildcard": [CLAUDE],
    "keys and addresses": [
        entry("claude-*", "anthropic/claude-*", api_key="os.environ/OTHER_KEY", timeout=60, max_retries=0),
        entry("claude-opus-5-5", "anthropic/claude-opus-5-5", api_base="http://gate/v1/", api_key=None),
        entry("claude-haiku-4-5", "anthropic/claude-haiku-4-5", base_url="os.environ/ANTHROPIC_FORWARD_URL"),
        entry("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", api_base="os.environ/NOT_SET"),
    ],
    "mapped": [CLAUDE, entry("claude-opus-5-5", "anthropic/claude-sonnet-4-5"), entry("other", "gpt-4o")],
    "mapped by wildcard": [CLAUDE, entry("claude-opus-*", "anthropic/claude-sonnet-4-5")],
    "another provider by a longer wildcard": [CLAUDE, entry("claude-*haiku*", "openai/gpt-5-mini")],
    "another provider by name": [CLAUDE, entry("claude-opus-5-5", "openai/gpt-4o", api_key="k")],
    "two by name": [
        CLAUDE,
        *[entry("claude-opus-5-5", "anthropic/claude-opus-5-5", api_key=k) for k in "ab"],
    ],
    "two wildcards": [CLAUDE, entry("claude-opus*", "anthropic/claude-opus*", api_key="k")],
    "the same twice": [CLAUDE, CLAUDE],
    "without a provider": [entry("claude-sonnet-4-5", "claude-sonnet-4-5"), CLAUDE],
    "everything": [entry("*", "anthropic/*"), entry("gpt-*", "openai/gpt-*", api_key="k")],
    "with a prefix": [entry("anthropic/*", "anthropic/*"), CLAUDE],
    "odd wildcards": [entry("claude-*-*", "anthropic/claude-*-*"), entry("cl*", "anthropic/cl*")],
    "too many wildcards": [CLAUDE, entry("claude-x*", "anthropic/claude-*-*")],
    "an unknown provider": [
        CLAUDE,
        entry("claude-opus-5-5", "nowhere/claude-opus-5-5"),
        entry("gpt-4o", "x"),
    ],
    "another provider's name": [CLAUDE, entry("opus", "bedrock/claude", aws_region_name="us-east-1")],
    "a provider beside": [
        CLAUDE,
        entry("other", "anthropic/other", custom_llm_provider="openai", api_key="k"),
    ],
}
LISTED = {"model_list": [CLAUDE], "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"}}


def configured(models: list[dict[str, Any]]) -> str:
    return yaml.safe_dump({**yaml.safe_load(SHIPPED), "model_list": models})


CONFIGS = {
    "shipped": SHIPPED,
    "no settings": yaml.safe_dump(LISTED),
    **{f"profile {name}": render(profile, SHIPPED) for name, profile in PROFILES.items() if name != "mixed"},
    **{name: configured(models) for name, models in MODEL_LISTS.items()},
}
# LiteLLM is imported once; each configuration is loaded in a process of its own, since LiteLLM's are global.
LOADED = """\
import asyncio, json, os, sys, warnings
warnings.simplefilter("ignore")
from litellm.proxy import proxy_server
from claude_lens.capture import endpoints, host
from claude_lens.capture.decision import Decider

def told(config, models):
    made = asyncio.run(proxy_server.proxy_config.load_config(router=None, config_file_path=config))
    proxy_server.llm_router, _, proxy_server.general_settings = made
    decider = Decider(transparent=True, forward_url=os.environ["ANTHROPIC_FORWARD_URL"])
    chosen = {model: decider.decide(model, "master") for model in models}
    return {
        "key": host.master_key(),
        "credential": endpoints.credential_holder(),
        "upstreams": {m: d.upstream and [d.upstream.base, d.upstream.key] for m, d in chosen.items()},
        "reasons": {m: d.reason for m, d in chosen.items()},
        "prices": {m: host.prices(m, "anthropic") for m in models},
    }

for config in sys.argv[2:]:
    child = os.fork()
    if child == 0:
        found = json.dumps(told(config, json.loads(sys.argv[1])))
        with open(config + ".json", "w") as output:
            output.write(found)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, config
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a loaded LiteLLM decides, for each of CONFIGS."""
    folder = tmp_path_factory.mktemp("configurations")
    files = {name: folder / f"{number}.yaml" for number, name in enumerate(CONFIGS)}
    for name, file in files.items():
        file.write_text(CONFIGS[name])
    subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(MODELS), *map(str, files.values())],
        env={**child_environment(**ENVIRON), "CLAUDE_LENS_HOME": str(folder)},
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=170,
    )
    return {name: json.loads(Path(f"{file}.json").read_text()) for name, file in files.items()}


def early(folder: Path, text: str, **environ: str) -> Early:
    file = folder / "litellm_config.yaml"
    file.write_text(text)
    return examine(file, {**ENVIRON, **environ}, {**ENVIRON, **environ}["ANTHROPIC_FORWARD_URL"])


@pytest.mark.parametrize("name", CONFIGS)
def test_early_and_late_agree(name: str, loaded: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    late = loaded[name]
    try:
        known = early(tmp_path, CONFIGS[name])
    except NotSimple:
        return
    assert known.master_key == late["key"]
    assert known.credential == late["credential"]
    for model in MODELS:
        upstream = known.upstream(model)
        if upstream is not None:
            assert [upstream.base, upstream.key] == late["upstreams"][model], (model, late["reasons"])


SERVED_EARLY = ("shipped", "no settings", "profile anthropic", "wildcard", "keys and addresses")


@pytest.mark.parametrize("name", SERVED_EARLY)
def test_usual_configurations_do_not_wait(
    name: str, loaded: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    known = early(tmp_path, CONFIGS[name])
    plain = {model for model, upstream in loaded[name]["upstreams"].items() if upstream}
    assert {"claude-sonnet-4-5", "claude-opus-5-5", "claude-haiku-4-5"} <= plain
    assert {model for model in MODELS if known.upstream(model)} >= plain - {
        "claude-a\nb",
        "claude-ä",
        "claude-*",
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_prices_are_the_same(name: str, loaded: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    try:
        early(tmp_path, CONFIGS[name])
    except NotSimple:
        return
    published = Published()
    for model in MODELS:
        before, after = published(model, "anthropic"), loaded[name]["prices"][model]
        assert relevant(before or {}) == relevant(after or {}), model


def test_sinks_are_those_of_the_callbacks(tmp_path: Path) -> None:
    assert early(tmp_path, SHIPPED).sinks == {"store", "tracing"}
    assert early(tmp_path, yaml.safe_dump(LISTED)).sinks == frozenset()


def test_who_pays(tmp_path: Path) -> None:
    assert early(tmp_path, SHIPPED).credential == "client"
    assert early(tmp_path, SHIPPED, ANTHROPIC_API_KEY="sk-ant").credential == "proxy"
    own = configured([entry("claude-*", "anthropic/claude-*", api_key="os.environ/OTHER_KEY")])
    assert early(tmp_path, own).credential == "proxy"


def test_no_key_in_a_traceback(tmp_path: Path) -> None:
    own = configured([entry("claude-*", "anthropic/claude-*", api_key="os.environ/OTHER_KEY")])
    assert KEY not in repr(early(tmp_path, own))
    assert "sk-other" not in repr(early(tmp_path, own))


def changed(section: str, **values: Any) -> str:
    config = yaml.safe_load(SHIPPED)
    config[section] = {**config[section], **values} if isinstance(config.get(section), dict) else values
    return yaml.safe_dump(config)


DECIDED = {
    "fallbacks": changed("router_settings", fallbacks=[{"claude-x": ["opus"]}]),
    "alias": changed("router_settings", model_group_alias={"claude-x": "opus"}),
    "default fallbacks": changed("litellm_settings", default_fallbacks=["opus"]),
    "cache": changed("litellm_settings", cache=True),
    "budget": changed("litellm_settings", max_budget=5),
    "another callback": changed("litellm_settings", callbacks=["langfuse"]),
    "success callback": changed("litellm_settings", success_callback=["langfuse"]),
    "a value of another type": changed("litellm_settings", request_timeout="long"),
    "guardrails": yaml.safe_dump({**LISTED, "guardrails": []}),
    "custom auth": changed("general_settings", custom_auth="mine.check"),
    "database": changed("general_settings", database_url="postgresql://x"),
    "a key of its own": changed("general_settings", master_key="sk-in-the-file-for-all-to-see"),
    "rules": changed("subagent_routing", agents={"code-reviewer": "opus"}),
    "environment": changed("environment_variables", A="b"),
    "include": yaml.safe_dump({**LISTED, "include": ["more.yaml"]}),
    "prices": configured([entry("claude-*", "anthropic/claude-*", input_cost_per_token=1.0)]),
    "model_info": configured([{**CLAUDE, "model_info": {"input_cost_per_token": 1.0}}]),
    "rpm": configured([entry("claude-*", "anthropic/claude-*", rpm=5)]),
    "a model in the environment": configured([CLAUDE, entry("x", "os.environ/OTHER_KEY")]),
    "a truth value": configured([entry("claude-*", "anthropic/claude-*", api_key="os.environ/TRUE_KEY")]),
    "part of a reference": configured([entry("claude-*", "anthropic/claude-*", api_key="x os.environ/A")]),
    "no Anthropic": configured([entry("claude-*", "openai/gpt-4o", api_key="k")]),
    "no sonnet": configured([entry("claude-opus-5-5", "anthropic/claude-opus-5-5")]),
    "no models": yaml.safe_dump({"model_list": None}),
    "a list": "[]",
    "no YAML": "{",
    "odd entries": yaml.safe_dump({"model_list": ["claude"]}),
    "odd names": yaml.safe_dump({"model_list": [{"model_name": 1, "litellm_params": {}}]}),
    "odd settings": yaml.safe_dump({**LISTED, "router_settings": [1]}),
}


@pytest.mark.parametrize("name", DECIDED)
def test_where_litellm_has_a_say(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotSimple):
        early(tmp_path, DECIDED[name])


@pytest.mark.parametrize(
    "environ",
    [
        {"LITELLM_MASTER_KEY": ""},
        {"LITELLM_MASTER_KEY": "sk-1234"},
        {"LITELLM_MASTER_KEY": f" {KEY}"},
        {"LITELLM_LOCAL_MODEL_COST_MAP": ""},
        {"DATABASE_URL": "postgresql://x"},
        {"REDIS_HOST": "x"},
        {"LITELLM_WORKER_STARTUP_HOOKS": "a:b"},
        {"STORE_MODEL_IN_DB": "True"},
        {"SUBAGENT_MAPPINGS": "code-reviewer:opus"},
    ],
)
def test_the_environment_has_a_say_too(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(NotSimple):
        early(tmp_path, SHIPPED, **environ)


def test_callbacks_of_the_same_name_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "callbacks").mkdir()
    for file in (ROOT / "callbacks").glob("*.py"):
        (tmp_path / "callbacks" / file.name).write_bytes(file.read_bytes())
    assert early(tmp_path, SHIPPED).sinks == {"store", "tracing"}
    (tmp_path / "callbacks" / "sqlite_logger.py").write_text("sqlite_logger = None\n")
    with pytest.raises(NotSimple, match="not ours"):
        early(tmp_path, SHIPPED)


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(NotSimple):
        examine(tmp_path / "none.yaml", ENVIRON, None)


def test_plain_means_what_it_means_later() -> None:
    assert set(PLAIN_PARAMS) < LATE_PLAIN_PARAMS


def test_addresses(tmp_path: Path) -> None:
    file = tmp_path / "litellm_config.yaml"
    file.write_text(yaml.safe_dump(LISTED))
    without = {name: value for name, value in ENVIRON.items() if name != "ANTHROPIC_FORWARD_URL"}
    assert examine(file, without, None).upstream("claude-x") == Upstream("https://api.anthropic.com", None)
    assert examine(file, without, None).upstream(None) is None


def test_it_needs_no_litellm() -> None:
    code = "import sys, claude_lens.capture.early, claude_lens.capture.server, uvicorn\n"
    code += "assert not {'litellm', 'fastapi', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ), timeout=60)
