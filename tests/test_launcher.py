import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from claude_lens import launcher
from claude_lens.launcher import Place, Problem
from claude_lens.proxy import key as keys
from tests.harness.client import QUIET, executable
from tests.harness.lens import Lens
from tests.harness.processes import ROOT
from tests.upstream import Provider

HEADERS = "ANTHROPIC_CUSTOM_HEADERS"


def place(tmp_path: Path, **environ: str) -> Place:
    return Place({"CLAUDE_LENS_HOME": str(tmp_path), **environ})


def headers(env: dict[str, str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in env[HEADERS].splitlines())


def test_claude_gets_arguments_stdin_and_its_own_exit_code(served: Lens) -> None:
    done = served.launch("-p", "two words", "--flag=ä", "", stdin="piped in\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "fake claude ran\n", "")
    told = served.told
    assert told["argv"] == ["-p", "two words", "--flag=ä", ""]
    assert told["stdin"] == "piped in\n"
    assert told["cwd"] == str(served.cwd)


def test_every_word_is_claudes(served: Lens) -> None:
    for words in (["--help"], ["--version"], ["doctor"], ["-h"]):
        assert served.launch(*words).returncode == 7
        assert served.told["argv"] == words


def test_environment_where_the_proxy_holds_the_provider_key(served: Lens) -> None:
    served.launch(ANTHROPIC_API_KEY="sk-ant-mine", CLAUDE_LENS_URL="")
    env = served.told["env"]
    assert env["ANTHROPIC_BASE_URL"] == served.url
    assert env["ANTHROPIC_AUTH_TOKEN"] == keys.proxy_key(served.settings)
    assert "ANTHROPIC_API_KEY" not in env
    assert env["CLAUDE_CODE_GATEWAY_HINT_HEADERS"] == "1"
    assert env["ENABLE_TOOL_SEARCH"] == "true"
    assert env["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] == "1"
    assert headers(env) == {"x-claude-lens-project": quote(str(served.cwd))}


def test_what_the_user_set_is_kept(served: Lens) -> None:
    served.launch(
        ENABLE_TOOL_SEARCH="false",
        CLAUDE_CODE_GATEWAY_HINT_HEADERS="0",
        ANTHROPIC_CUSTOM_HEADERS="x-team: a\nX-Claude-Lens-Project: forged\n\nx-more: b: c",
    )
    env = served.told["env"]
    assert env["ENABLE_TOOL_SEARCH"] == "false"
    assert env["CLAUDE_CODE_GATEWAY_HINT_HEADERS"] == "0"
    assert headers(env) == {
        "x-team": "a",
        "x-more": "b: c",
        "x-claude-lens-project": quote(str(served.cwd)),
    }


def test_claude_replaces_the_launcher(served: Lens) -> None:
    child = served.start(sys.executable, ROOT / "bin" / "claude-lens")
    child.communicate("", timeout=30)
    assert served.told["pid"] == child.pid


def test_signals_are_as_a_shell_leaves_them(served: Lens) -> None:
    script = served.folder / "signals"
    script.write_text("#!/bin/sh\ngrep SigIgn /proc/self/status\n")
    script.chmod(0o755)
    done = served.launch(CLAUDE_LENS_CLAUDE=str(script))
    ignored = int(done.stdout.split()[1], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
        assert not ignored >> (number - 1) & 1, number
    script.write_text("#!/bin/sh\nkill -TERM $$\n")
    assert served.launch(CLAUDE_LENS_CLAUDE=str(script)).returncode == -signal.SIGTERM


def test_overridden_base_url_is_said_once(served: Lens) -> None:
    done = served.launch(ANTHROPIC_BASE_URL="https://gateway.example/v1/")
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1
    assert "ANTHROPIC_BASE_URL=https://gateway.example/v1 is overridden" in done.stderr
    assert "ANTHROPIC_FORWARD_URL=https://gateway.example/v1" in done.stderr
    assert served.told["env"]["ANTHROPIC_BASE_URL"] == served.url
    for quiet in (served.url, served.url.replace("127.0.0.1", "localhost") + "/"):
        assert served.launch(ANTHROPIC_BASE_URL=quiet).stderr == ""
    chained = {"ANTHROPIC_BASE_URL": "https://a.example", "ANTHROPIC_FORWARD_URL": "https://a.example/"}
    assert served.launch(**chained).stderr == ""


def test_no_claude(served: Lens) -> None:
    # Beside the checkout there may be one.
    copy = served.folder / "lonely" / "claude-lens"
    copy.parent.mkdir()
    shutil.copy(ROOT / "bin" / "claude-lens", copy)
    done = served.run(sys.executable, copy, PATH="/nowhere")
    assert (done.returncode, done.stdout) == (127, "")
    assert "npm install -g @anthropic-ai/claude-code" in done.stderr
    done = served.launch(CLAUDE_LENS_CLAUDE="/nowhere/claude")
    assert (done.returncode, done.stderr.count("\n")) == (127, 1)
    assert "CLAUDE_LENS_CLAUDE=/nowhere/claude is not a program" in done.stderr


def test_a_claude_that_is_the_launcher_itself_is_passed_over(served: Lens) -> None:
    folder = served.folder / "alias"
    folder.mkdir()
    (folder / "claude").symlink_to(ROOT / "bin" / "claude-lens")
    assert served.launch(PATH=f"{folder}:{served.environment['PATH']}").returncode == 7


def test_a_copy_of_the_one_file_works(served: Lens) -> None:
    copy = served.folder / "claude-lens"
    shutil.copy(ROOT / "bin" / "claude-lens", copy)
    done = served.run(sys.executable, "-I", "-S", copy, "x")
    assert (done.returncode, done.stderr) == (7, "")


def test_no_autostart_and_remote(lens: Lens) -> None:
    done = lens.launch(CLAUDE_LENS_AUTOSTART="0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"claude-lens: no proxy at {lens.url} and CLAUDE_LENS_AUTOSTART is off; run: lensctl up\n"
    )
    done = lens.launch(CLAUDE_LENS_URL="http://lens.invalid:1")
    assert done.returncode == 1
    assert "http://lens.invalid:1 does not answer" in done.stderr
    assert not lens.told_file.exists()


def test_starts_the_proxy_with_the_api_key_and_reports_failure(lens: Lens) -> None:
    lens.home.mkdir()
    config = lens.home / "litellm_config.yaml"
    config.write_text("model_list: [\n")
    done = lens.launch()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"lensctl: {config}:2: not valid YAML" in done.stderr
    config.unlink()
    done = lens.launch(ANTHROPIC_API_KEY="sk-ant-mine")
    assert (done.returncode, done.stderr) == (7, "")
    env = lens.told["env"]
    assert "ANTHROPIC_API_KEY" not in env
    assert env["ANTHROPIC_AUTH_TOKEN"] == (lens.home / "key").read_text().strip()
    assert lens.launch("again").stderr == ""


def test_bad_address(lens: Lens) -> None:
    done = lens.launch(CLAUDE_LENS_URL="127.0.0.1:8082")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "claude-lens: CLAUDE_LENS_URL=127.0.0.1:8082 is not an address such as http://127.0.0.1:8082\n"
    )


def test_login_keeps_the_clients_own_credential(tmp_path: Path) -> None:
    found = place(tmp_path)
    for own in (
        {},
        {"CLAUDE_CODE_OAUTH_TOKEN": "t"},
        {"ANTHROPIC_API_KEY": "k"},
        {"ANTHROPIC_AUTH_TOKEN": "t"},
    ):
        changes = launcher.claude_environment(own, found, "sk-lens-1", proxy_pays=False)
        after = applied(own, changes)
        assert {name: after.get(name) for name in own} == own
        assert ("ANTHROPIC_AUTH_TOKEN" in after) == ("ANTHROPIC_AUTH_TOKEN" in own)
        assert headers(after)["x-litellm-api-key"] == "sk-lens-1"
    nested = {"ANTHROPIC_AUTH_TOKEN": "sk-lens-1", HEADERS: "x-litellm-api-key: old"}
    after = applied(nested, launcher.claude_environment(nested, found, "sk-lens-1", proxy_pays=False))
    assert "ANTHROPIC_AUTH_TOKEN" not in after
    assert headers(after)["x-litellm-api-key"] == "sk-lens-1"


def applied(environ: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    """What the client gets; a change to None removes."""
    return {name: value for name, value in {**environ, **changes}.items() if value is not None}


def test_a_login_pays_for_itself_where_no_api_key_is_in_sight(tmp_path: Path) -> None:
    login = {"CLAUDE_CODE_OAUTH_TOKEN": "t"}
    assert launcher.login_pays(place(tmp_path, **login))
    assert not launcher.login_pays(place(tmp_path, CLAUDE_CONFIG_DIR=str(tmp_path)))
    assert not launcher.login_pays(place(tmp_path, ANTHROPIC_API_KEY="k", **login))
    assert not launcher.login_pays(place(tmp_path, CLAUDE_LENS_URL="https://lens.example", **login))
    (tmp_path / ".credentials.json").write_text('{"claudeAiOauth": {"accessToken": "t"}}')
    assert launcher.login_pays(place(tmp_path, CLAUDE_CONFIG_DIR=str(tmp_path)))
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=k\n")
    assert not launcher.login_pays(place(tmp_path, **login))


def test_an_http_proxy_does_not_get_loopback(tmp_path: Path) -> None:
    found = place(tmp_path)
    given = {"HTTPS_PROXY": "http://corporate:3128", "no_proxy": "example.com,localhost"}
    changes = launcher.claude_environment(given, found, "k", proxy_pays=True)
    assert changes["NO_PROXY"] == changes["no_proxy"] == "example.com,localhost,127.0.0.1,::1"
    assert "NO_PROXY" not in launcher.claude_environment({}, found, "k", proxy_pays=True)
    remote = place(tmp_path, CLAUDE_LENS_URL="https://lens.example")
    assert "NO_PROXY" not in launcher.claude_environment(given, remote, "k", proxy_pays=True)


def test_own_certificate_is_trusted(tmp_path: Path) -> None:
    record = {"url": "https://127.0.0.1:1", "pid": os.getpid(), "tls_cert": "/c.pem"}
    (tmp_path / "proxy.json").write_text(json.dumps(record))
    found = place(tmp_path)
    assert found.url == "https://127.0.0.1:1"
    assert launcher.claude_environment({}, found, "k", True)["NODE_EXTRA_CA_CERTS"] == "/c.pem"
    own = {"NODE_EXTRA_CA_CERTS": "/mine.pem"}
    assert "NODE_EXTRA_CA_CERTS" not in launcher.claude_environment(own, found, "k", True)


def test_where_the_proxy_is(tmp_path: Path) -> None:
    assert place(tmp_path).url == "http://127.0.0.1:8082"
    (tmp_path / ".env").write_text("PORT=9001\n")
    assert place(tmp_path).url == "http://127.0.0.1:9001"
    (tmp_path / "proxy.json").write_text('{"url": "http://127.0.0.1:9002", "pid": null}')
    assert place(tmp_path).url == "http://127.0.0.1:9001"
    (tmp_path / "proxy.json").write_text(json.dumps({"url": "http://127.0.0.1:9002", "pid": os.getpid()}))
    assert place(tmp_path).url == "http://127.0.0.1:9002"
    assert place(tmp_path, PORT="9003").url == "http://127.0.0.1:9003"
    own = place(tmp_path, CLAUDE_LENS_PORT=" 9004 ", CLAUDE_LENS_HOST="0.0.0.0")
    assert own.url == "http://127.0.0.1:9004"
    assert launcher.remarks({}, own) == ["CLAUDE_LENS_PORT=9004 is used, and PORT=9001 is not"]
    assert launcher.remarks({}, place(tmp_path, CLAUDE_LENS_PORT="9001")) == []
    (tmp_path / ".env").unlink()
    assert place(tmp_path, CLAUDE_LENS_PORT=" 9004 ").url == "http://127.0.0.1:9004"
    assert place(tmp_path, PORT="9003", CLAUDE_LENS_HOST="::1").url == "http://[::1]:9003"
    assert place(tmp_path, PORT="9003", CLAUDE_LENS_URL="http://[::1]:4/x/").url == "http://[::1]:4/x"


def test_settings_beside_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, checkout = tmp_path / "home", tmp_path / "checkout"
    for folder in (home, checkout):
        folder.mkdir()
        (folder / ".env").write_text(f"CLAUDE_LENS_URL=http://{folder.name}.example\n")
    assert place(home).url == "http://home.example"
    monkeypatch.setattr(launcher, "CHECKOUT", str(checkout))
    # Anything may lie beside a copy of the one file.
    assert place(home).url == "http://home.example"
    (checkout / "litellm_config.yaml").write_text("")
    assert place(home).url == "http://checkout.example"
    (home / "litellm_config.yaml").write_text("")
    assert place(home).url == "http://home.example"
    with (home / ".env").open("a") as file:
        file.write(f"CLAUDE_LENS_CONFIG={checkout / 'x.yaml'}\n")
    assert place(home).url == "http://checkout.example"


def test_which_key(tmp_path: Path) -> None:
    assert place(tmp_path).key() == ""
    (tmp_path / "key").write_text("sk-kept\n")
    assert place(tmp_path).key() == "sk-kept"
    assert place(tmp_path, CLAUDE_LENS_URL="https://lens.example").key() == ""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / ".env").write_text("export LITELLM_MASTER_KEY='sk-beside # config'\n")
    config = str(tmp_path / "config" / "c.yaml")
    assert place(tmp_path, CLAUDE_LENS_CONFIG=config).key() == "sk-beside # config"
    assert place(tmp_path, CLAUDE_LENS_CONFIG=config, CLAUDE_LENS_KEY="sk-virtual").key() == "sk-virtual"


def test_env_files(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# note\nA=1\nexport B = two # note\nC=\"x=y # z\"\nD='q'\nE=\nnonsense\n", encoding="utf-8"
    )
    assert launcher.read_env(str(file)) == {"A": "1", "B": "two", "C": "x=y # z", "D": "q", "E": ""}
    assert launcher.read_env(str(tmp_path / "none")) == {}


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:8082", ("http", "127.0.0.1", 8082, "")),
        ("https://lens.example", ("https", "lens.example", 443, "")),
        ("https://lens.example/team/", ("https", "lens.example", 443, "/team")),
        ("http://u:p@[::1]:9", ("http", "::1", 9, "")),
    ],
)
def test_split(url: str, parts: tuple[str, str, int, str]) -> None:
    assert launcher.split(url) == parts


@pytest.mark.parametrize("url", ["", "localhost:8082", "ftp://x", "http://", "http://x:y", "http://x:70000"])
def test_split_refuses(url: str) -> None:
    with pytest.raises(Problem):
        launcher.split(url)


def test_loopback_names() -> None:
    assert all(map(launcher.is_loopback, ("localhost", "127.0.0.1", "127.1.2.3", "::1")))
    assert not any(map(launcher.is_loopback, ("127.example.com", "10.0.0.1", "lens.example")))


def test_a_claude_of_the_checkout_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "CHECKOUT", str(tmp_path / "checkout"))
    for folder in (tmp_path / "checkout" / "node_modules" / ".bin", tmp_path / "bin"):
        folder.mkdir(parents=True)
        (folder / "claude").write_text("#!/bin/sh\n")
        (folder / "claude").chmod(0o755)
    own = str(tmp_path / "bin" / "claude")
    assert launcher.find_claude(place(tmp_path, PATH=str(tmp_path / "bin"))) == own
    installed = str(tmp_path / "checkout" / "node_modules" / ".bin" / "claude")
    assert launcher.find_claude(place(tmp_path, PATH="/nowhere")) == installed
    with pytest.raises(Problem):
        launcher.find_claude(place(tmp_path, PATH="/nowhere", CLAUDE_LENS_CLAUDE="other"))


def test_removed_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert launcher.working_folder({"PWD": str(gone)}) == str(gone)
    assert launcher.working_folder({}) == "/"


def test_imports_nothing_slow() -> None:
    code = "import sys, claude_lens.launcher; print(*sorted(m for m in sys.modules if '_' not in m))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"socket", "ssl", "json", "re", "asyncio", "urllib", "subprocess", "typing", "pathlib"} & set(
        done.stdout.split()
    )


@pytest.mark.slow
def test_the_real_client_keeps_its_own_login_or_key(lens: Lens, upstream: Provider) -> None:
    client = str(executable())
    assert lens.lensctl("up", ANTHROPIC_FORWARD_URL=upstream.url).returncode == 0
    key, words = keys.proxy_key(lens.settings), ("-p", "hello", "--output-format", "json")
    own = {
        "CLAUDE_CODE_OAUTH_TOKEN": ("sk-ant-oat01-test", "authorization", "Bearer sk-ant-oat01-test"),
        "ANTHROPIC_API_KEY": ("sk-ant-api-mine", "x-api-key", "sk-ant-api-mine"),
    }
    for name, (value, header, sent) in own.items():
        upstream.clear()
        done = lens.launch(*words, CLAUDE_LENS_CLAUDE=client, **QUIET, **{name: value})
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["result"] == "hello"
        seen = upstream.calls[-1].request
        assert seen.header(header) == sent
        assert key not in str(seen.headers)
        assert "x-claude-lens-project" not in str(seen.headers).lower()
    upstream.clear()
    done = lens.launch(*words, CLAUDE_LENS_CLAUDE=client, **QUIET)
    assert done.returncode == 1
    assert "/login" in done.stdout
    assert upstream.calls == []
