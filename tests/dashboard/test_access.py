"""Links open once, cookies cannot be guessed, and nothing of it is readable by others."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from claude_lens.dashboard import access
from claude_lens.dashboard.access import Access
from claude_lens.errors import HostError


def test_a_link_opens_once(tmp_path: Path) -> None:
    one = Access(tmp_path)
    token = one.new_link()
    assert not one.use_link("guess")
    assert Access(tmp_path).use_link(token), "another process of the same user knows it too"
    assert not one.use_link(token)


def test_a_link_ends_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Access(tmp_path)
    token = one.new_link()
    later = time.time() + access.LINK_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert not one.use_link(token)


def test_only_hashes_of_links_are_kept(tmp_path: Path) -> None:
    token = Access(tmp_path).new_link()
    assert token not in (tmp_path / "dashboard.links").read_text()


def test_a_damaged_file_of_links_is_made_anew(tmp_path: Path) -> None:
    one = Access(tmp_path)
    (tmp_path / "dashboard.links").write_text("{")
    token = one.new_link()
    assert one.use_link(token)
    assert json.loads((tmp_path / "dashboard.links").read_text()) == {}


def test_cookies_are_known_after_a_restart_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = Access(tmp_path).new_cookie()
    assert Access(tmp_path).knows(cookie)
    later = time.time() + access.COOKIE_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert not Access(tmp_path).knows(cookie)


@pytest.mark.parametrize("bent", ["", ".", "..", "9999999999.x.", "\udc80", "é.é.é", "x" * 10_000])
def test_a_guessed_cookie_is_not_known(tmp_path: Path, bent: str) -> None:
    assert not Access(tmp_path).knows(bent)


def test_a_cookie_cannot_be_prolonged(tmp_path: Path) -> None:
    one = Access(tmp_path)
    until, rest = one.new_cookie().split(".", 1)
    assert not one.knows(f"{int(until) + 1}.{rest}")


def test_cookies_of_another_home_are_foreign(tmp_path: Path) -> None:
    assert not Access(tmp_path / "a").knows(Access(tmp_path / "b").new_cookie())


def test_a_token_belongs_to_its_cookie(tmp_path: Path) -> None:
    one = Access(tmp_path)
    mine, yours = one.new_cookie(), one.new_cookie()
    assert one.may_change(mine, one.token(mine))
    assert not one.may_change(mine, one.token(yours))
    assert not one.may_change(mine, "")


def test_files_are_for_the_users_eyes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Access(home).new_link()
    assert home.stat().st_mode & 0o777 == 0o700
    for name in ("dashboard.key", "dashboard.links"):
        assert (home / name).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in home.iterdir()) == ["dashboard.key", "dashboard.links"]


def test_starts_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    made: list[Access] = []
    threads = [threading.Thread(target=lambda: made.append(Access(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cookie = made[0].new_cookie()
    assert [one.knows(cookie) for one in made] == [True] * 8


def test_a_short_secret_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "dashboard.key").write_bytes(b"")
    one = Access(tmp_path)
    assert len((tmp_path / "dashboard.key").read_bytes()) == 32
    assert one.knows(one.new_cookie())


def test_a_home_that_cannot_be_written_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot write into"):
        Access(tmp_path / "file")
