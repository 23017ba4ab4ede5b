import json
import subprocess

from claude_lens.proxy import key as keys
from tests.harness.lens import Lens


def sourced(text: str, user: Lens) -> dict[str, str]:
    """The environment after a shell has read ``text``."""
    given = {**user.environment, "ANTHROPIC_API_KEY": "sk-ant-mine"}
    done = subprocess.run(
        ["sh", "-c", f"{text}\nenv -0"], env=given, capture_output=True, text=True, check=True
    )
    return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)


def test_shell_sets_what_the_launcher_sets(served: Lens) -> None:
    key = keys.proxy_key(served.settings)
    done = served.lensctl("env", ANTHROPIC_API_KEY="sk-ant-mine")
    assert key not in done.stdout
    env = sourced(done.stdout, served)
    served.launch(ANTHROPIC_API_KEY="sk-ant-mine")
    launched = served.told["env"]
    names = ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "ENABLE_TOOL_SEARCH")
    assert {name: env.get(name) for name in names} == {name: launched.get(name) for name in names}
    assert env["ANTHROPIC_AUTH_TOKEN"] == key


def test_shell_with_a_login(lens: Lens) -> None:
    done = lens.lensctl("env", ANTHROPIC_CUSTOM_HEADERS="x-team: it's\nx-claude-lens-project: /x")
    env = sourced(done.stdout, lens)
    key = keys.proxy_key(lens.settings)
    assert key not in done.stdout
    assert env["ANTHROPIC_CUSTOM_HEADERS"] == f"x-team: it's\nx-litellm-api-key: {key}"
    assert "ANTHROPIC_AUTH_TOKEN" not in env
    assert env["ANTHROPIC_API_KEY"] == "sk-ant-mine"


def test_own_key_is_named_not_printed(lens: Lens) -> None:
    done = lens.lensctl("env", LITELLM_MASTER_KEY="sk-mine-0123456789", ANTHROPIC_API_KEY="k")
    assert 'ANTHROPIC_AUTH_TOKEN="${LITELLM_MASTER_KEY:?' in done.stdout
    assert "sk-mine-0123456789" not in done.stdout
    shown = lens.lensctl("env", "--reveal", LITELLM_MASTER_KEY="sk-mine-0123456789", ANTHROPIC_API_KEY="k")
    assert "export ANTHROPIC_AUTH_TOKEN=sk-mine-0123456789" in shown.stdout


def test_the_proxy_that_runs_counts(served: Lens) -> None:
    found = json.loads(served.lensctl("env", "--format", "json", PORT="9").stdout)
    assert found["ANTHROPIC_BASE_URL"] == served.url


def test_json_and_vscode(served: Lens) -> None:
    key = keys.proxy_key(served.settings)
    masked = served.lensctl("env", "--format", "json")
    assert key not in masked.stdout
    assert "--reveal" in masked.stderr
    found = json.loads(served.lensctl("env", "--format", "json", "--reveal").stdout)
    assert found["ANTHROPIC_AUTH_TOKEN"] == key
    assert found["ANTHROPIC_BASE_URL"] == served.url
    code = json.loads(served.lensctl("env", "--format", "vscode", "--reveal").stdout)
    assert {"name": "ANTHROPIC_AUTH_TOKEN", "value": key} in code["claudeCode.environmentVariables"]
