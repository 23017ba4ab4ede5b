import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from claude_lens.errors import HostError
from claude_lens.proxy import key as keys
from claude_lens.settings import Settings, load
from tests.harness.processes import on_a_full_disk


def settings(home: Path, **more: str) -> Settings:
    return load({"CLAUDE_LENS_HOME": str(home), **more})


def test_the_users_own_key_is_used_and_not_written(tmp_path: Path) -> None:
    mine = settings(tmp_path / "home", LITELLM_MASTER_KEY="sk-mine")
    assert keys.proxy_key(mine) == keys.existing(mine) == "sk-mine"
    assert not (tmp_path / "home").exists()


def test_generated_once_and_private(tmp_path: Path) -> None:
    found = settings(tmp_path / "home")
    assert keys.existing(found) is None
    key = keys.proxy_key(found)
    assert keys.FORM.fullmatch(key)
    assert key.startswith("sk-lens-")
    assert len(key) == len("sk-lens-") + 32
    assert keys.proxy_key(found) == keys.existing(found) == key
    assert stat.S_IMODE(keys.key_file(found).stat().st_mode) == 0o600
    assert stat.S_IMODE(found.home.stat().st_mode) == 0o700
    assert [file.name for file in found.home.iterdir()] == ["key"]


def test_many_first_starts_agree(tmp_path: Path) -> None:
    found = settings(tmp_path / "home")
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: keys.proxy_key(found), range(64)))) == 1
    assert [file.name for file in found.home.iterdir()] == ["key"]


def test_rotate(tmp_path: Path) -> None:
    found = settings(tmp_path / "home")
    old = keys.proxy_key(found)
    new = keys.rotate(found)
    assert new != old
    assert keys.proxy_key(found) == new
    assert stat.S_IMODE(keys.key_file(found).stat().st_mode) == 0o600
    assert [file.name for file in found.home.iterdir()] == ["key"]


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    found = settings(tmp_path)
    for damage in (b"", b"sk-lens-\xff", b"two words"):
        (tmp_path / "key").write_bytes(damage)
        with pytest.raises(HostError, match="key"):
            keys.proxy_key(found)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_leaves_the_key_and_nothing_else(tmp_path: Path) -> None:
    key = keys.proxy_key(settings(tmp_path))
    code = """
from claude_lens.errors import HostError
from claude_lens.proxy import key
from claude_lens.settings import load
try:
    key.rotate(load({"CLAUDE_LENS_HOME": sys.argv[1]}))
except HostError as error:
    print(error)
"""
    assert on_a_full_disk(code, tmp_path) == f"cannot write into {tmp_path}: File too large"
    assert [file.name for file in tmp_path.iterdir()] == ["key"]
    assert keys.existing(settings(tmp_path)) == key


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot"):
        keys.proxy_key(settings(tmp_path / "file" / "home"))


def test_masked_shows_little() -> None:
    key = "sk-lens-" + "x" * 32
    assert keys.masked(key) == "sk-lens-xxxx…"
    assert keys.masked("sk-abc") == "sk…"
    assert keys.masked(None) == keys.masked("") == "none"
