import json
from pathlib import Path

import pytest

from claude_lens.proxy import key as keys
from tests.harness import client
from tests.harness.lens import Lens
from tests.harness.processes import Child, child_environment
from tests.upstream import Provider, always, say, text


def settings_of(user: Lens) -> Path:
    return user.folder / ".claude" / "settings.json"


@pytest.fixture
def user(lens: Lens, upstream: Provider) -> Lens:
    lens.environment |= {"ANTHROPIC_FORWARD_URL": upstream.url, "ANTHROPIC_API_KEY": "sk-ant-provider"}
    return lens


def test_a_plain_claude_goes_through_the_lens_until_off(user: Lens, upstream: Provider) -> None:
    """The real client without the launcher is recorded; rotation renews the key; off leaves no trace."""
    file = settings_of(user)
    file.parent.mkdir()
    original = b'{"theme": "dark",\n "env": {"MY_OWN": "1"}}'
    file.write_bytes(original)
    upstream.play(always(say(text("seen through the lens"))))
    done = user.lensctl("on", "--yes", check=True)
    key = keys.proxy_key(user.settings)
    assert key not in done.stdout
    assert "env.ANTHROPIC_BASE_URL = " in done.stdout
    assert "it was on already" in user.lensctl("on", "--yes", check=True).stdout

    def ask() -> str:
        given = child_environment(HOME=str(user.folder), **client.QUIET)
        child = Child([client.executable(), "-p", "hello", *client.OPTIONS], given, user.cwd)
        result = client.finish(child)
        assert result.code == 0, result.stdout + result.stderr
        return str(result.json["session_id"])

    sessions = [ask()]
    user.lensctl("key", "rotate", check=True)
    new = keys.proxy_key(user.settings)
    assert new != key
    assert new in file.read_text()
    sessions.append(ask())
    launched = user.launch(
        "-p", "hello", *client.OPTIONS, **client.QUIET, CLAUDE_LENS_CLAUDE=str(client.executable())
    )
    assert launched.returncode == 0, launched.stdout + launched.stderr
    sessions.append(json.loads(launched.stdout)["session_id"])
    listed = json.loads(user.lensctl("sessions", "--json", check=True).stdout)
    assert {row["id"] for row in listed} == set(sessions)
    assert {row["project"] for row in listed} == {str(user.cwd)}
    assert "without our entries" in user.lensctl("off", check=True).stdout
    assert file.read_bytes() == original
    assert "nothing of ours" in user.lensctl("off", check=True).stdout


def test_nothing_is_written_unasked(user: Lens) -> None:
    refused = user.lensctl("on")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    dry = user.lensctl("on", "--dry-run", check=True)
    assert "nothing was written" in dry.stdout
    assert not settings_of(user).exists()


def test_a_broken_file_is_named_and_left(user: Lens) -> None:
    settings_of(user).parent.mkdir()
    settings_of(user).write_text("{ not json")
    done = user.lensctl("on", "--yes")
    assert done.returncode == 2
    assert "settings.json:1: not valid JSON" in done.stderr
    assert settings_of(user).read_text() == "{ not json"


def test_a_remote_proxy_that_is_not_there(user: Lens) -> None:
    done = user.lensctl("on", "--yes", CLAUDE_LENS_URL="https://127.0.0.2.nip.invalid:9")
    assert done.returncode == 1
    assert "nothing was written" in done.stderr
    assert not settings_of(user).exists()
