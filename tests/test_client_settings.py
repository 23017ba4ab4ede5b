import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.client_settings import ClientSettings, Entry, settings_file
from claude_lens.errors import ConfigError

URL = Entry(("env", "ANTHROPIC_BASE_URL"), "http://127.0.0.1:8082")
LINE = Entry(("statusLine",), {"type": "command", "command": "x"})
HOOK = Entry(("hooks", "SessionEnd"), {"hooks": [{"type": "command", "command": "y"}]}, listed=True)
ODD = b'{"theme":  "dark",\n\t"env": { "A": "1" } ,"hooks":{"SessionEnd":[{"hooks":[]}]}}'


@pytest.fixture
def client(tmp_path: Path) -> ClientSettings:
    return ClientSettings(tmp_path / "of the client" / "settings.json", tmp_path / "home")


def seen(client: ClientSettings) -> dict[str, object]:
    found: dict[str, object] = json.loads(client.file.read_text())
    return found


def test_where_the_file_is() -> None:
    assert settings_file({"HOME": "/h"}) == Path("/h/.claude/settings.json")
    assert settings_file({"HOME": "/h", "CLAUDE_CONFIG_DIR": "/c d"}) == Path("/c d/settings.json")


def test_a_file_that_was_not_there_is_gone_again(client: ClientSettings) -> None:
    assert client.put("on", [URL])
    assert seen(client) == {"env": {"ANTHROPIC_BASE_URL": URL.value}}
    assert client.file.stat().st_mode & 0o777 == 0o600
    assert not client.put("on", [URL])
    assert client.current(URL.path) == URL.value
    assert client.remove("on")
    assert not client.file.exists()
    assert not client.remove("on")


def test_bytes_come_back_whatever_the_order(client: ClientSettings) -> None:
    client.file.parent.mkdir()
    client.file.write_bytes(ODD)
    client.file.chmod(0o644)
    client.put("on", [URL])
    client.put("statusline", [LINE])
    client.put("hook", [HOOK])
    client.put("on", [Entry(URL.path, "http://127.0.0.1:9000")])
    assert seen(client) == {
        "theme": "dark",
        "env": {"A": "1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9000"},
        "hooks": {"SessionEnd": [{"hooks": []}, HOOK.value]},
        "statusLine": LINE.value,
    }
    for owner in ("statusline", "on", "hook"):
        assert client.remove(owner)
    assert client.file.read_bytes() == ODD
    assert client.file.stat().st_mode & 0o777 == 0o644


def test_what_others_wrote_stays(client: ClientSettings) -> None:
    client.put("on", [URL, Entry(("env", "B"), "2")])
    client.put("hook", [HOOK])
    theirs = seen(client)
    theirs["model"] = "opus"
    theirs["env"]["ANTHROPIC_BASE_URL"] = "https://theirs.example"  # type: ignore[index]
    client.file.write_text(json.dumps(theirs))
    assert client.remove("hook")
    assert client.remove("on")
    assert seen(client) == {"env": {"ANTHROPIC_BASE_URL": "https://theirs.example"}, "model": "opus"}


def test_a_value_of_the_users_own_comes_back(client: ClientSettings) -> None:
    client.file.parent.mkdir()
    client.file.write_text('{"statusLine": 1, "env": {"ANTHROPIC_BASE_URL": "https://mine.example"}}')
    client.put("on", [URL])
    client.put("statusline", [LINE])
    changed = {**seen(client), "new": True}
    client.file.write_text(json.dumps(changed))
    client.remove("statusline")
    client.remove("on")
    assert seen(client) == {
        "statusLine": 1,
        "env": {"ANTHROPIC_BASE_URL": "https://mine.example"},
        "new": True,
    }


@pytest.mark.parametrize("text", ["{", "[]", '{"env": 1}', "[" * 5000])
def test_a_file_that_makes_no_sense_is_left_alone(client: ClientSettings, text: str) -> None:
    client.file.parent.mkdir()
    client.file.write_text(text)
    with pytest.raises(ConfigError, match=r"settings\.json"):
        client.put("on", [URL])
    assert client.file.read_text() == text
    assert client.entries("on") == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_bytes(ODD)
    link.symlink_to(real)
    client = ClientSettings(link, tmp_path / "home")
    client.put("on", [URL])
    assert link.is_symlink()
    client.remove("on")
    assert real.read_bytes() == ODD


@given(
    st.none()
    | st.dictionaries(st.sampled_from(["env", "hooks", "statusLine", "x"]), st.just({}), max_size=4),
    st.lists(st.tuples(st.sampled_from(["on", "statusline", "hook"]), st.booleans()), max_size=8),
)
def test_any_order_leaves_no_trace(
    tmp_path_factory: pytest.TempPathFactory,
    original: dict[str, object] | None,
    steps: list[tuple[str, bool]],
) -> None:
    folder = tmp_path_factory.mktemp("steps")
    client = ClientSettings(folder / "settings.json", folder)
    if original is not None:
        client.file.write_text(json.dumps(original, indent=3))
    before = client.file.read_bytes() if original is not None else None
    for owner, put in steps:
        if put:
            client.put(owner, {"on": [URL], "statusline": [LINE], "hook": [HOOK]}[owner])
        else:
            client.remove(owner)
    for owner in ("on", "statusline", "hook"):
        client.remove(owner)
    assert (client.file.read_bytes() if client.file.exists() else None) == before
