"""What people were promised by what they ran before, one test for each; docs/coming-from.md has it in words.

A: a LiteLLM proxy with traces in Arize. B: a recorder of Claude Code's requests. C: Claude Code on Groq.
D: one endpoint for a team. E: Claude's names answered by OpenAI.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.testclient import TestClient

from claude_lens import settings
from claude_lens.agents.targets import base_url
from claude_lens.dashboard.app import create_app
from claude_lens.dashboard.server import link
from claude_lens.profiles import PROFILES
from claude_lens.tracing.backends import configured
from claude_lens.tracing.resource import resource_attributes
from tests.e2e.routed import play, run
from tests.harness import ROOT, Claude, Proxy
from tests.harness.lens import Lens
from tests.harness.processes import free_port
from tests.harness.proxy import until
from tests.tracing.collector import Collector
from tests.upstream import Call, Provider, Reply, always, say, spawn, text, tool_use, turns

ASKED = [{"role": "user", "content": "go"}]
CLAUDES = ("claude-sonnet-4-20250514", "claude-3-5-sonnet-20241022", "claude-3-haiku-20240307")


def body(model: str, **more: Any) -> dict[str, Any]:
    """A small request in either format."""
    return {"model": model, "max_tokens": 50, "messages": ASKED, **more}


def profile(name: str, folder: Path, upstream: str, **more: str) -> Proxy:
    """A proxy, not yet started, with the configuration that ``lensctl init`` writes for a provider."""
    config = folder / "home" / "litellm_config.yaml"
    Lens(folder / "user").lensctl("init", "--profile", name, "--output", str(config), check=True)
    keys = {one.name: "sk-test" for one in PROFILES[name].variables if one.required}
    return Proxy(folder / "home", upstream, config, **keys, **more)


@pytest.fixture(scope="module")
def groq(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("groq")
    with profile("groq", folder, provider.url, GROQ_BASE_URL=provider.url + "/v1") as running:
        yield running


@pytest.fixture(scope="module")
def openai(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("openai")
    with profile("openai", folder, provider.url, OPENAI_BASE_URL=provider.url + "/v1") as running:
        yield running


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def test_a1_six_variables_in_env_and_docker_compose_up() -> None:
    names = ["ANTHROPIC_API_KEY", "ARIZE_API_KEY", "ARIZE_SPACE_KEY", "ARIZE_MODEL_ID", "ARIZE_MODEL_VERSION"]
    given = services()["proxy"]["environment"]
    assert [given[name] for name in names] == [None] * 5
    assert "LITELLM_MASTER_KEY" in given
    example = (ROOT / ".env.example").read_text()
    assert [name for name in (*names, "LITELLM_MASTER_KEY") if name not in example] == []
    assert "8082" in services()["proxy"]["ports"][0]
    (backend,) = configured({"ARIZE_API_KEY": "k", "ARIZE_SPACE_KEY": "s"})
    assert (backend.name, backend.space_id) == ("arize", "s")
    assert {"litellm-proxy", "local-dev"} <= set(resource_attributes({}).values())
    told = resource_attributes({"ARIZE_MODEL_ID": "mine", "ARIZE_MODEL_VERSION": "7"})
    assert {"mine", "7"} <= set(told.values())


def test_a2_one_copied_file_starts_claude_or_says_that_the_proxy_is_down(served: Lens) -> None:
    copy = served.bin / "claude-lens"
    shutil.copy(ROOT / "bin" / "claude-lens", copy)
    done = served.run(sys.executable, "-I", "-S", copy, "-p", "hello")
    assert (done.returncode, served.told["argv"]) == (7, ["-p", "hello"])
    assert served.told["env"]["ANTHROPIC_BASE_URL"] == served.url
    nobody = f"http://127.0.0.1:{free_port()}"
    done = served.run(sys.executable, copy, CLAUDE_LENS_URL=nobody, CLAUDE_LENS_AUTOSTART="0")
    assert done.returncode == 1
    assert f"no proxy at {nobody}" in done.stderr


@pytest.fixture
def traced(provider: Provider, tmp_path: Path) -> Iterator[tuple[Proxy, Collector]]:
    with Collector() as backend:
        more = {"OTEL_EXPORTER_OTLP_ENDPOINT": backend.url}
        with Proxy(tmp_path / "home", provider.url, None, **more) as running:
            yield running, backend


def test_a3_saved_filters_match(traced: tuple[Proxy, Collector], upstream: Provider, tmp_path: Path) -> None:
    proxy, backend = traced
    upstream.play(turns(say(tool_use("Bash", {"command": "echo a text"})), say(text("done"))))
    assert Claude(tmp_path, upstream.url, proxy).run("use a tool for this text").code == 0
    proxy.settled()
    until(lambda: any("Bash" in span.name for span in backend.spans), 20, lambda: str(backend.spans))
    spans = [{one.key: one.value for one in span.attributes} for span in backend.spans]
    counted = [one["llm.token_count.total"] for one in spans if "llm.token_count.total" in one]
    assert [one.int_value > 0 for one in counted] == [True, True]
    for word in ("tool", "text"):
        assert [one for one in spans if word in one["input.value"].string_value]


def test_a4_old_models_and_aliases_have_names_and_prices(mixed: Proxy, upstream: Provider) -> None:
    upstream.play(always(say(text("hello"))))
    listed = httpx.get(mixed.url + "/v1/models", headers={"x-api-key": mixed.key}).json()["data"]
    assert {*CLAUDES, "sonnet", "haiku"} <= {one["id"] for one in listed}
    for name in (CLAUDES[0], "sonnet", "haiku"):
        assert mixed.post(body(name)).status_code == 200
    mixed.settled()
    newest = json.loads(mixed.lensctl("exchanges", "--limit", "3", "--json").stdout)
    assert all(one["cost_usd"] for one in newest["exchanges"]), newest


def test_a5_the_container() -> None:
    proxy = services()["proxy"]
    assert proxy["ports"] == ["127.0.0.1:${PORT:-8082}:4000"]
    assert (proxy["healthcheck"]["interval"], proxy["restart"]) == ("30s", "unless-stopped")
    assert any("litellm_config.yaml" in one for one in proxy["volumes"])


def test_b1_passed_on_recorded_searchable_inspectable_threaded(
    mixed: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    upstream.play(turns(say(tool_use("Bash", {"command": "echo quokka"})), say(text("a wombat answers"))))
    client = Claude(tmp_path, upstream.url, mixed)
    session = client.run("where is the numbat?").json["session_id"]
    mixed.settled()
    for word in ("numbat", "quokka", "wombat"):
        hits = json.loads(mixed.lensctl("search", word, "--json").stdout)
        assert {one["session_id"] for one in hits} == {session}, word
    shown = mixed.show(session)
    assert len({one["session_id"] for one in shown["exchanges"]}) == 1
    one = mixed.show(shown["exchanges"][0]["id"])
    assert "where is the numbat?" in json.dumps(one["request"])


def test_b2_a_live_list_an_explorer_conversations_and_numbers(mixed: Proxy) -> None:
    found = settings.load(mixed.environment)
    origin = "http://127.0.0.1:8083"
    with TestClient(create_app(found, "127.0.0.1", 8083), base_url=origin) as browser:
        assert browser.get(link(found, origin)).status_code == 200
        for path in ("/live", "/exchanges", "/sessions", "/numbers"):
            assert browser.get(path).status_code == 200, path


def test_b3_subagents_by_name_and_off_unless_enabled(
    mixed: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    listed = {"code-reviewer": "openai:gpt-4o", "planner": "plano:gemini/gemini-2.0-flash-exp"}
    listed |= {"data-analyst": "plano:deepseek/deepseek-chat", "budget-helper": "plano:qwen/qwen-max"}
    user = Lens(tmp_path / "user", PLANO_BASE_URL=upstream.url, OPENAI_API_KEY="sk-x")
    config = user.folder / "litellm_config.yaml"
    agents = "".join(f"    {name}: {model}\n" for name, model in listed.items())
    config.write_text((ROOT / "litellm_config.yaml").read_text() + f"subagent_routing:\n  agents:\n{agents}")
    routes = user.lensctl("routes", "--config", str(config))
    assert routes.returncode == 0, routes.stderr
    assert [name for name in listed if name not in routes.stdout] == []
    short = user.lensctl("routes", "--json", SUBAGENT_MAPPINGS="code-reviewer:gpt-4o,data-analyst:o3")
    assert ("gpt-4o" in short.stdout, "o3" in short.stdout) == (True, True)
    assert json.loads(user.lensctl("routes", "--json").stdout) == []
    lacking = user.lensctl("routes", SUBAGENT_MAPPINGS="code-reviewer:gpt-4o", OPENAI_API_KEY="")
    assert "OPENAI_API_KEY" in lacking.stdout + lacking.stderr
    main = turns(say(spawn("Review it", "code-reviewer", background=False)), say(text("done")))
    play(upstream, main, {"Review it": always(say(text("fine")))})
    run(Claude(tmp_path, upstream.url, mixed), hints=True)
    assert "/v1/chat/completions" in {call.request.path for call in upstream.calls}


def test_b4_plano_and_eleven_providers(mixed: Proxy, upstream: Provider) -> None:
    assert base_url("plano", {}) == "http://localhost:8080/v1"
    assert base_url("plano", {"PLANO_BASE_URL": "http://plano:8080"}) == "http://plano:8080/v1"
    given = services()["proxy"]["environment"]
    for name in ("GEMINI_API_KEY", "DEEPSEEK_API_KEY", "DASHSCOPE_API_KEY", "PLANO_BASE_URL"):
        assert given[name] is None
    assert len(PROFILES) >= 11
    upstream.play(always(say(text("from plano"))))
    asked = {"x-claude-code-session-id": "b4", "x-claude-code-request-class": "subagent"}
    answer = mixed.post(body("claude-haiku-4-5"), **asked, **{"x-claude-code-agent": "Explore"})
    assert answer.status_code == 200


def test_b5_the_same_variables() -> None:
    names = {"PORT": "9001", "WEB_PORT": "9002", "READ_TIMEOUT": "61", "WRITE_TIMEOUT": "62"}
    names |= {"IDLE_TIMEOUT": "63", "ANTHROPIC_FORWARD_URL": "http://h:1", "ANTHROPIC_VERSION": "2024-01-01"}
    names |= {"ANTHROPIC_MAX_RETRIES": "4", "DB_PATH": "/x/y.db", "OPENAI_API_KEY": "sk-y"}
    found = settings.load({**names, "HOME": "/nowhere"})
    assert (found.port, found.web_port, found.read_timeout, found.write_timeout) == (9001, 9002, 61, 62)
    assert (found.idle_timeout, found.forward_url) == (63, "http://h:1")
    assert found.anthropic_version == "2024-01-01"
    assert (found.anthropic_max_retries, found.database_url) == (4, "sqlite:////x/y.db")


def test_b6_without_our_launcher(mixed: Proxy, upstream: Provider, tmp_path: Path) -> None:
    upstream.play(always(say(text("hello"))))
    done = Claude(tmp_path, mixed.url).run("hi", ANTHROPIC_AUTH_TOKEN=mixed.key)
    assert (done.code, done.json["result"]) == (0, "hello")
    mixed.settled()
    assert mixed.show()["exchanges"]


def test_b7_one_command_each(lens: Lens) -> None:
    targets = (ROOT / "Makefile").read_text()
    assert [one for one in ("setup", "demo", "test", "check", "clean") if f"\n{one}:" not in targets] == []
    told = lens.lensctl("--help")
    for name in ("up", "down", "restart", "dashboard", "reset"):
        assert f"\n  {name} " in told.stdout


def test_c1_the_cli_on_groq(groq: Proxy, upstream: Provider, tmp_path: Path) -> None:
    upstream.play(always(say(text("fast"))))
    for name in ("openai/groq-gpt-oss-20b", "groq/llama-3.3-70b-versatile"):
        client = Claude(tmp_path / name.replace("/", "-"), groq.url)
        done = client.run("hi", ANTHROPIC_AUTH_TOKEN=groq.key, ANTHROPIC_MODEL=name)
        assert (done.code, done.json["result"]) == (0, "fast"), done.stdout + done.stderr
    assert {call.request.path for call in upstream.calls} == {"/v1/chat/completions"}


def test_c2_keys_stay_out_of_git_rotate_and_are_asked_for(mixed: Proxy, served: Lens) -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().split()
    assert httpx.get(mixed.url + "/health").status_code == 200
    assert httpx.get(mixed.url + "/v1/models").status_code == 401
    assert httpx.get(mixed.url + "/v1/models", headers={"x-api-key": mixed.key}).status_code == 200
    before = (served.home / "key").read_text()
    assert served.lensctl("key", "rotate").returncode == 0
    assert (served.home / "key").read_text() != before
    assert services()["proxy"]["environment"]["LITELLM_SALT_KEY"] is None


def test_d1_one_endpoint_for_everyone(mixed: Proxy, upstream: Provider) -> None:
    upstream.play(always(say(text("hello"))))
    bearer = {"Authorization": f"Bearer {mixed.key}"}
    for path in ("/health", "/models", "/v1/models"):
        assert httpx.get(mixed.url + path, headers=bearer).status_code == 200, path
    for path, asked in (
        ("/v1/chat/completions", body("claude-sonnet-4-5-20250929")),
        ("/v1/chat/completions", body("claude-sonnet-4-20250514")),
        ("/v1/completions", {"model": "gpt-4.1", "prompt": "go", "max_tokens": 9}),
    ):
        answer = httpx.post(mixed.url + path, json=asked, headers=bearer, timeout=60)
        assert (answer.status_code, bool(answer.json().get("choices"))) == (200, True), answer.text
    written = yaml.safe_load((ROOT / "litellm_config.yaml").read_text())
    assert written["litellm_settings"]["request_timeout"] == 600
    assert written["litellm_settings"]["json_logs"] is True


@pytest.mark.parametrize("path", ["/models", "/v1/models", "/v1/chat/completions", "/v1/completions"])
def test_d2_a_key_is_required_and_bad_requests_are_told(mixed: Proxy, path: str) -> None:
    method = "GET" if path.endswith("models") else "POST"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        asked: dict[str, Any] | None = {} if method == "POST" else None
        answer = httpx.request(method, mixed.url + path, headers=headers, json=asked)
        assert answer.status_code == 401, answer.text
        assert answer.json()["error"]["message"]
    if method == "POST":
        bearer = {"Authorization": f"Bearer {mixed.key}"}
        assert 400 <= httpx.post(mixed.url + path, json={}, headers=bearer, timeout=60).status_code < 500


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-sonnet-4-5", "gpt-5-codex"),
        ("claude-haiku-4-5", "gpt-5-mini"),
        ("claude-smart", "gpt-5-codex"),
        ("claude-fast", "gpt-5-mini"),
        ("claude-code", "gpt-5-codex"),
    ],
)
def test_e1_claude_names_answered_by_openai(openai: Proxy, upstream: Provider, name: str, model: str) -> None:
    upstream.play(always(say(tool_use("look", {"at": "it"}))))
    tools = [{"name": "look", "description": "looks", "input_schema": {"type": "object"}}]
    answer = openai.post(body(name, tools=tools)).json()
    assert (answer["type"], answer["stop_reason"], answer["model"]) == ("message", "tool_use", name)
    assert answer["content"][-1]["input"] == {"at": "it"}
    assert [call.body["model"] for call in upstream.calls] == [model]
    assert not [call for call in upstream.calls if call.request.path == "/v1/messages"]


def test_e2_a_connection_test_and_one_across_providers(openai: Proxy, upstream: Provider) -> None:
    def calls(call: Call) -> Reply:
        return say(tool_use("lookup", {"word": "abacus"})) if call.body.get("tools") else say(text("OK"))

    upstream.play(calls)
    told = json.loads(openai.lensctl("doctor", "--live", "--json", check=False).stdout)
    names = " ".join(one["name"] for one in told)
    assert [word for word in ("health", "models", "gpt-5-codex", "gpt-5-mini") if word not in names] == []
    assert [one for one in told if not one["ok"]] == []
    assert "PASS" in openai.lensctl("doctor", "--live").stdout


def test_e3_no_database_server(served: Lens) -> None:
    assert served.settings.database_url.startswith("sqlite:")
    assert json.loads(served.lensctl("sessions", "--json").stdout) is not None
