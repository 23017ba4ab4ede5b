import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from claude_lens.errors import HostError, ProxyError, UserError
from claude_lens.proxy import record, supervisor
from claude_lens.proxy.health import health
from claude_lens.settings import Settings, load
from tests.harness.lens import Lens
from tests.harness.processes import free_port

CONFIG = "model_list:\n  - model_name: m\n    litellm_params: {model: anthropic/m}\n"


def settings(home: Path, **more: str) -> Settings:
    return load({"CLAUDE_LENS_HOME": str(home), **more})


def config(folder: Path) -> Path:
    file = folder / "litellm_config.yaml"
    file.write_text(CONFIG)
    return file


def stranger(*arguments: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", *arguments],
        stdout=subprocess.PIPE,
    )
    # Before its first word it may still be a copy of ourselves.
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    return child


def test_plan_checks_before_anything_starts(tmp_path: Path) -> None:
    found, file = settings(tmp_path), config(tmp_path)
    made = supervisor.plan(found, port=9000, config=file)
    assert (made.host, made.port, made.url) == ("127.0.0.1", 9000, "http://127.0.0.1:9000")
    with pytest.raises(UserError, match="belong together"):
        supervisor.plan(found, config=file, tls=(file, None))
    with pytest.raises(UserError, match="no such file"):
        supervisor.plan(found, config=file, tls=(file, tmp_path / "none"))
    tls = supervisor.plan(found, config=file, tls=(file, file))
    assert tls.url == "https://127.0.0.1:8082"
    assert supervisor.command(tls)[-4:] == ["--ssl-certfile", str(file), "--ssl-keyfile", str(file)]


def test_a_public_address_needs_a_key_of_ones_own(tmp_path: Path) -> None:
    file = config(tmp_path)
    for host in ("0.0.0.0", "192.168.1.2", "::"):
        with pytest.raises(UserError, match="set LITELLM_MASTER_KEY to a key of your own first"):
            supervisor.plan(settings(tmp_path), host=host, config=file)
    own = settings(tmp_path, LITELLM_MASTER_KEY="sk-own")
    assert supervisor.plan(own, host="0.0.0.0", config=file).url == "http://127.0.0.1:8082"
    assert supervisor.plan(own, host="::", config=file).url == "http://127.0.0.1:8082"
    assert supervisor.plan(settings(tmp_path), host="::1", config=file).url == "http://[::1]:8082"


def test_the_proxys_environment(tmp_path: Path) -> None:
    given = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:8082",
        "ANTHROPIC_AUTH_TOKEN": "t",
        "ANTHROPIC_CUSTOM_HEADERS": "a: b",
        "CLAUDE_CODE_OAUTH_TOKEN": "t",
        "ANTHROPIC_API_KEY": "k",
    }
    env = supervisor.proxy_environment(settings(tmp_path), given)
    assert not set(env) & set(supervisor.NOT_FOR_PROXY)
    assert env["ANTHROPIC_API_KEY"] == "k"
    assert env["LITELLM_MASTER_KEY"] == (tmp_path / "key").read_text().strip()
    assert env["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"


def test_a_stranger_is_never_taken_for_ours(tmp_path: Path) -> None:
    found = settings(tmp_path)
    other, lookalike = stranger(), stranger(record.MODULE)
    try:
        process = psutil.Process(lookalike.pid)
        right = {"pid": process.pid, "started_at": process.create_time(), "url": "http://127.0.0.1:1"}
        (tmp_path / "proxy.json").write_text(json.dumps(right))
        assert supervisor.current(found) is not None
        for change in (
            {"started_at": process.create_time() - 60},
            {"pid": other.pid, "started_at": psutil.Process(other.pid).create_time()},
            {"pid": "1"},
            {"pid": None},
            {"started_at": None},
        ):
            (tmp_path / "proxy.json").write_text(json.dumps({**right, **change}))
            assert supervisor.current(found) is None, change
            assert supervisor.stop(found, 1) is None
        for damage in ("", "[]", "{"):
            (tmp_path / "proxy.json").write_text(damage)
            assert supervisor.current(found) is None
        assert other.poll() is None
        assert lookalike.poll() is None
    finally:
        for child in (other, lookalike):
            child.kill()
            child.wait()


def test_stop_is_bounded_and_kills_what_does_not_end(tmp_path: Path) -> None:
    ignoring = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"{ignoring}; print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code, record.MODULE], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        found, process = settings(tmp_path), psutil.Process(child.pid)
        wanted = supervisor.Plan("127.0.0.1", 1, tmp_path)
        supervisor.write_record(found, wanted, process)
        began = time.monotonic()
        assert supervisor.stop(found, 0.3) is False
        assert time.monotonic() - began < 10
        assert record.read(found)["pid"] is None
        assert record.read(found)["python"] == sys.executable
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()
    assert not process.is_running()


def test_lock_is_exclusive_and_ends_with_its_holder(tmp_path: Path) -> None:
    found = settings(tmp_path)
    with (
        supervisor.lock(found),
        pytest.raises(ProxyError, match="another start or stop"),
        supervisor.lock(found, 0.2),
    ):
        pass
    with supervisor.lock(found, 0.2):
        pass


def test_the_log_is_private_and_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settings(tmp_path)
    assert supervisor.log_tail(found) == []
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 10)
    for text in (b"first and long\n", b"second\n"):
        with os.fdopen(supervisor._open_log(found), "ab") as log:
            log.write(text)
    assert (tmp_path / "proxy.log").read_bytes() == b"second\n"
    assert (tmp_path / "proxy.log.1").read_bytes() == b"first and long\n"
    assert stat.S_IMODE((tmp_path / "proxy.log").stat().st_mode) == 0o600
    assert supervisor.log_tail(found, 5) == ["second"]
    assert supervisor.log_tail(found, 5, offset=3) == ["ond"]


def test_what_runs_is_what_is_written_down(served: Lens) -> None:
    found = supervisor.current(served.settings)
    assert found is not None
    assert found.process is not None
    assert found.process.pid == health(served.url).pid
    assert (found.url, found.record["port"], found.record["own_key"]) == (served.url, served.port, False)
    for name in ("proxy.json", "proxy.log", "proxy.lock", "key"):
        assert stat.S_IMODE((served.home / name).stat().st_mode) == 0o600, name
    kept = supervisor.kept_environment(found, {"B": "2"})
    assert kept["ANTHROPIC_API_KEY"] == "sk-ant-served"
    assert kept["B"] == "2"
    assert "LITELLM_MASTER_KEY" not in kept


def test_a_second_start_returns_the_first(served: Lens) -> None:
    found = served.settings
    again = supervisor.start(found, served.environment, supervisor.plan(found))
    assert again.new is False
    assert again.process is not None
    assert again.process.pid == health(served.url).pid


def test_an_early_end_quotes_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_plan: supervisor.Plan) -> list[str]:
        return [sys.executable, "-c", "print('it went wrong'); raise SystemExit(3)"]

    monkeypatch.setattr(supervisor, "command", broken)
    found = settings(tmp_path, PORT="1", LITELLM_MASTER_KEY="sk-x")
    with pytest.raises(ProxyError) as caught:
        supervisor.start(found, {}, supervisor.Plan("127.0.0.1", 1, config(tmp_path)))
    assert str(caught.value).startswith("the proxy ended with code 3; the end of ")
    assert str(caught.value).endswith(":\n  it went wrong")
    assert supervisor.current(found) is None


def test_what_cannot_be_noted_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []

    def full(_settings: Settings, _plan: supervisor.Plan, process: psutil.Process) -> dict[str, object]:
        children.append(process.pid)
        raise HostError("the disk is full")

    monkeypatch.setattr(supervisor, "write_record", full)
    found = settings(tmp_path, PORT=str(free_port()), LITELLM_MASTER_KEY="sk-x")
    with pytest.raises(HostError, match="the disk is full"):
        supervisor.start(found, {}, supervisor.Plan("127.0.0.1", found.port, config(tmp_path)))
    assert psutil.wait_procs([psutil.Process(pid) for pid in children if psutil.pid_exists(pid)], 10)[1] == []


def test_anothers_proxy_is_not_said_to_be_restarted(served: Lens, lens: Lens) -> None:
    found = load({**lens.environment, "CLAUDE_LENS_URL": served.url})
    plan = supervisor.Plan("127.0.0.1", served.port, config(lens.folder))
    before = health(served.url).pid
    with pytest.raises(ProxyError, match="is not your proxy"):
        supervisor.replace(found, lens.environment, plan)
    assert health(served.url).pid == before
