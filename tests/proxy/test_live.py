"""``lensctl doctor --live`` against a real proxy before the scripted upstream."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from claude_lens.proxy import live
from tests.harness import Proxy
from tests.harness.lens import Lens
from tests.upstream import Call, Provider, Reply, error, say, text, tool_use

CONFIG = """\
model_list:
  - {model_name: claude-sonnet-4-5, litellm_params: {model: openai/gpt-4o}}
  - {model_name: claude-haiku-4-5, litellm_params: {model: openai/gpt-4.1}}
  - {model_name: "claude-*", litellm_params: {model: anthropic/claude-*}}
litellm_settings: {callbacks: [callbacks.subagent_router.subagent_router], num_retries: 0}
router_settings: {num_retries: 0, disable_cooldowns: true}
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""


@pytest.fixture(scope="module")
def running(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp("live")
    config = home / "litellm_config.yaml"
    config.write_text(CONFIG)
    keys = {"OPENAI_API_KEY": "sk-o", "OPENAI_BASE_URL": provider.url + "/v1"}
    with Proxy(home, provider.url, config, **keys) as proxy:
        yield proxy


def findings(proxy: Proxy) -> list[str]:
    return [str(finding) for finding in live.run(proxy.url, proxy.key, proxy.config)]


def calling(call: Call) -> Reply:
    return say(tool_use("lookup", {"word": "abacus"}) if call.body.get("tools") else text("hello"))


def test_all_passes(running: Proxy, upstream: Provider) -> None:
    upstream.play(calling)
    found = findings(running)
    assert found[0] == "[PASS] health"
    assert found[1].startswith("[PASS] models (")
    assert found[2] == "[PASS] completion by claude-sonnet-4-5"
    assert found[3:] == [
        f"[PASS] {name}  {path}"
        for name in ("claude-sonnet-4-5 -> openai/gpt-4o", "claude-haiku-4-5 -> openai/gpt-4.1")
        for path in ("/v1/messages", "/v1/chat/completions")
    ]
    assert upstream.refused == []


def test_says_plainly_what_failed(running: Proxy, upstream: Provider) -> None:
    upstream.play(lambda _: error(400, "You have no credit"))
    found = findings(running)
    assert found[2].startswith("[FAIL] completion by claude-sonnet-4-5: 400 ")
    assert all("You have no credit" in line for line in found[2:])
    upstream.play(lambda _: say(text("I would rather not")))
    assert findings(running)[3].endswith("/v1/messages: answered without calling the tool")
    upstream.play(lambda _: say(tool_use("other", {"x": 1})))
    assert findings(running)[4].endswith("/v1/chat/completions: called other wrongly")


def test_the_command(running: Proxy, upstream: Provider, lens: Lens) -> None:
    alone = lens.lensctl("doctor", "--live")
    assert alone.returncode == 1
    assert f"no proxy answers at {lens.url}" in alone.stderr
    upstream.play(calling)
    done = running.lensctl("doctor", "--live", check=False)
    assert done.stdout.splitlines()[0] == "[PASS] health"
    as_json = json.loads(running.lensctl("doctor", "--live", "--json", check=False).stdout)
    assert as_json[0] == {"name": "health", "ok": True, "problem": None}


def test_nobody_there() -> None:
    found = list(live.run("http://127.0.0.1:9", "k", None))
    assert found[0].problem is not None
    assert found[0].problem.startswith("ConnectError")
    assert found[1].name == "models (0)"
    assert live.served(None) == {}
