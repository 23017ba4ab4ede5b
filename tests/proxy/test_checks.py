from pathlib import Path

import pytest

from claude_lens.errors import HostError, UserError
from claude_lens.proxy import checks, supervisor
from claude_lens.proxy import key as keys
from claude_lens.settings import Settings, load
from claude_lens.store.sink import open_sink
from tests.harness.lens import Lens
from tests.harness.processes import free_port, on_a_full_disk


def settings(home: Path, **more: str) -> Settings:
    return load({"CLAUDE_LENS_HOME": str(home), "PORT": str(free_port()), **more})


def test_proxy(served: Lens, tmp_path: Path) -> None:
    assert checks.proxy(served.settings).ok
    absent = checks.proxy(settings(tmp_path))
    assert (absent.ok, absent.todo) == (True, "")
    assert "claude-lens starts it" in absent.detail
    by_hand = checks.proxy(settings(tmp_path, CLAUDE_LENS_AUTOSTART="0"))
    assert (by_hand.ok, by_hand.todo) == (False, "lensctl up")
    remote = checks.proxy(settings(tmp_path, CLAUDE_LENS_URL="http://lens.invalid:1"))
    assert remote.todo == "check CLAUDE_LENS_URL, or start it there"


def test_keys(served: Lens, tmp_path: Path) -> None:
    found = checks.keys(served.settings)
    assert found.ok
    assert keys.proxy_key(served.settings) not in found.detail
    assert checks.keys(settings(tmp_path)).detail == "none yet; the first start generates one"
    assert not checks.keys(settings(tmp_path, CLAUDE_LENS_URL="https://lens.example")).ok
    wrong = checks.keys(settings(tmp_path, CLAUDE_LENS_URL=served.url, LITELLM_MASTER_KEY="sk-wrong-key"))
    assert not wrong.ok
    assert "refuses sk-w…" in wrong.detail
    private = settings(tmp_path)
    keys.proxy_key(private)
    keys.key_file(private).chmod(0o644)
    assert checks.keys(private).todo == f"chmod 600 {tmp_path}/key"


def test_database(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert checks.database(found).detail.endswith("will be created")
    sink = open_sink(found)
    sink.flush()
    sink.close()
    assert checks.database(found).ok
    (tmp_path / "lens.db").write_bytes(b"this is no database" * 100)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"lens.db{suffix}").unlink(missing_ok=True)
    damaged = checks._safe(checks.database, found)
    assert not damaged.ok
    assert "\n" not in damaged.detail


def test_an_address_is_shown_as_status_shows_it(tmp_path: Path) -> None:
    found = settings(tmp_path / "höme ß")
    assert checks.database(found).detail == f"sqlite:///{tmp_path}/höme ß/lens.db will be created"


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "will be created" in checks.home(settings(tmp_path / "none" / "deep")).detail
    (tmp_path / "file").write_text("")
    blocked = checks.home(settings(tmp_path / "file" / "below"))
    assert not blocked.ok
    assert "cannot be written to: Not a directory" in blocked.detail
    assert "CLAUDE_LENS_HOME" in blocked.todo
    tmp_path.chmod(0o700)
    assert checks.home(settings(tmp_path)).ok
    monkeypatch.setattr(checks, "FREE_SPACE", 1 << 62)
    assert "lensctl prune" in checks.home(settings(tmp_path)).todo


def test_ports(tmp_path: Path, served: Lens) -> None:
    assert checks.ports(settings(tmp_path)).ok
    assert checks.ports(served.settings).ok
    elsewhere = checks.ports(settings(tmp_path, CLAUDE_LENS_HOST="192.0.2.1"))
    assert elsewhere.ok or elsewhere.todo == "choose another PORT"


def test_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checks.versions(settings(tmp_path))
    assert found.ok
    assert "LiteLLM 1." in found.detail
    versions = {"litellm": "1.200.0"}
    monkeypatch.setattr("importlib.metadata.version", lambda name: versions.get(name, "0.1.0"))
    newer = checks.versions(settings(tmp_path))
    assert newer.ok
    assert "newer than what we have tested" in newer.detail
    monkeypatch.setattr(checks, "_lost_lane", lambda _settings: "callback X must see the request")
    lost = checks.versions(settings(tmp_path))
    assert not lost.ok
    assert "callback X" in lost.detail
    assert lost.todo.startswith("pip install 'litellm[proxy]")
    versions["litellm"] = "1.50.0"
    older = checks.versions(settings(tmp_path))
    assert (older.ok, older.detail) == (False, "LiteLLM 1.50.0 is not one we support")


def test_a_check_that_fails_is_a_finding(tmp_path: Path) -> None:
    def broken(_settings: Settings) -> checks.Check:
        raise HostError("the disk\nis on fire")

    found = checks._safe(broken, settings(tmp_path))
    assert (found.name, found.ok, found.detail) == ("broken", False, "the disk is on fire")
    assert supervisor.current(settings(tmp_path)) is None


def test_a_key_that_litellm_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(tmp_path, LITELLM_MASTER_KEY="sk-1234")
    said = checks.keys(found)
    assert not said.ok
    assert "LITELLM_MASTER_KEY=sk-1234 is publicly known" in said.detail
    assert "openssl rand" in said.todo
    with pytest.raises(UserError, match="is publicly known, and LiteLLM does not start with it"):
        supervisor.plan(found)
    assert keys.refused(settings(tmp_path, LITELLM_MASTER_KEY="sk-12345"), {}) is None
    monkeypatch.setenv("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true")
    assert supervisor.plan(found).port == found.port


def test_a_full_disk_is_found_before_the_first_start(tmp_path: Path) -> None:
    code = """
from claude_lens.proxy import checks
from claude_lens.settings import load
found = checks.home(load({"CLAUDE_LENS_HOME": sys.argv[1]}))
print(found.ok, found.detail, found.todo, sep="|")
"""
    ok, detail, todo = on_a_full_disk(code, tmp_path / "home").split("|")
    assert (ok, todo) == ("False", "free space on that disk")
    assert detail.endswith("cannot be written to: File too large")


def test_files(served: Lens, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "file descriptors" in checks.files(served.settings).detail
    monkeypatch.setattr("claude_lens.descriptors.ENOUGH", 1 << 62)
    few = checks.files(served.settings)
    assert not few.ok
    assert "ulimit -Hn" in few.todo
