"""One proxy started: its environment, and what is said where it does not come up."""

import sys
from pathlib import Path

import psutil
import pytest

from claude_lens.errors import HostError, ProxyError
from claude_lens.proxy import launch, supervisor
from claude_lens.settings import Settings, load
from tests.harness.processes import free_port
from tests.harness.proxy import until
from tests.proxy.test_supervisor import config


def settings(home: Path, **more: str) -> Settings:
    return load({"CLAUDE_LENS_HOME": str(home), **more})


def test_the_proxys_environment(tmp_path: Path) -> None:
    given = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:8082",
        "ANTHROPIC_AUTH_TOKEN": "t",
        "ANTHROPIC_CUSTOM_HEADERS": "a: b",
        "CLAUDE_CODE_OAUTH_TOKEN": "t",
        "ANTHROPIC_API_KEY": "k",
    }
    env = launch.proxy_environment(settings(tmp_path), given)
    assert not set(env) & set(launch.NOT_FOR_PROXY)
    assert env["ANTHROPIC_API_KEY"] == "k"
    assert env["LITELLM_MASTER_KEY"] == (tmp_path / "key").read_text().strip()
    assert env["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"


def test_an_early_end_quotes_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_plan: launch.Plan) -> list[str]:
        return [sys.executable, "-c", "print('it went wrong'); raise SystemExit(3)"]

    monkeypatch.setattr(launch, "command", broken)
    found = settings(tmp_path, PORT=str(free_port()), LITELLM_MASTER_KEY="sk-x")
    with pytest.raises(ProxyError) as caught:
        supervisor.start(found, {}, launch.Plan("127.0.0.1", found.port, config(tmp_path)))
    assert str(caught.value).startswith("the proxy ended with code 3; the end of ")
    assert str(caught.value).endswith(":\n  it went wrong")
    assert supervisor.current(found) is None


def test_what_cannot_be_noted_is_not_started(tmp_path: Path) -> None:
    found = settings(tmp_path / "home", PORT=str(free_port()), LITELLM_MASTER_KEY="sk-x")
    (found.home / "proxy.json").mkdir(parents=True)
    ours = psutil.Process()
    # What the run itself has started (a provider's proxy, a database) is there before.
    before = {one.pid for one in ours.children()}
    with pytest.raises(HostError, match=r"cannot write .*/proxy.json: Is a directory"):
        supervisor.start(found, {}, launch.Plan("127.0.0.1", found.port, config(tmp_path)))

    def left() -> list[psutil.Process]:
        return [one for one in ours.children() if one.pid not in before and one.status() != "zombie"]

    until(lambda: not left(), 20, lambda: "it runs")


def test_an_address_of_another_machine(tmp_path: Path) -> None:
    plan = launch.Plan("192.0.2.1", 8082, tmp_path)
    with pytest.raises(ProxyError, match=r"cannot listen on 192\.0\.2\.1 port 8082: Cannot assign"):
        launch.bound(plan)
