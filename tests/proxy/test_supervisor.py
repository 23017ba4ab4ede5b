import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from claude_lens.errors import ProxyError, UserError
from claude_lens.proxy import launch, record, supervisor
from claude_lens.proxy.health import health
from claude_lens.settings import Settings, load
from tests.harness.lens import Lens

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
    assert launch.command(tls)[-4:] == ["--ssl-certfile", str(file), "--ssl-keyfile", str(file)]


def test_a_public_address_needs_a_key_of_ones_own(tmp_path: Path) -> None:
    file = config(tmp_path)
    for host in ("0.0.0.0", "192.168.1.2", "::"):
        with pytest.raises(UserError, match="set LITELLM_MASTER_KEY to a key of your own first"):
            supervisor.plan(settings(tmp_path), host=host, config=file)
    own = settings(tmp_path, LITELLM_MASTER_KEY="sk-own")
    assert supervisor.plan(own, host="0.0.0.0", config=file).url == "http://127.0.0.1:8082"
    assert supervisor.plan(own, host="::", config=file).url == "http://127.0.0.1:8082"
    assert supervisor.plan(settings(tmp_path), host="::1", config=file).url == "http://[::1]:8082"


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
        wanted = launch.Plan("127.0.0.1", 1, tmp_path)
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


def test_anothers_proxy_is_not_said_to_be_restarted(served: Lens, lens: Lens) -> None:
    found = load({**lens.environment, "CLAUDE_LENS_URL": served.url})
    plan = launch.Plan("127.0.0.1", served.port, config(lens.folder))
    before = health(served.url).pid
    with pytest.raises(ProxyError, match="is not your proxy"):
        supervisor.replace(found, lens.environment, plan)
    assert health(served.url).pid == before
