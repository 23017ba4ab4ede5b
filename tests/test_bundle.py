"""The files that come with the program agree with it: wheel, Dockerfile, docker-compose.yml."""

import fnmatch
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from claude_lens import settings
from claude_lens.commands import up
from tests.harness.processes import ROOT


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def dockerfile() -> dict[str, list[str]]:
    """Instructions of the Dockerfile by name, continuation lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        found.setdefault(name, []).append(rest.strip())
    return found


def check_command(words: list[str]) -> dict[str, Any]:
    """The options of a ``lensctl up`` command line, as the program itself reads them."""
    assert words[:2] == ["lensctl", "up"]
    with up.command.make_context("up", words[2:]) as context:
        return dict(context.params)


def test_a_wheel_carries_the_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "callbacks" in wheel["packages"]
    for source, target in wheel["force-include"].items():
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, tmp_path / target)
    monkeypatch.setattr(settings, "PACKAGE", tmp_path / "claude_lens")
    assert settings.find_config(tmp_path / "home") == tmp_path / "claude_lens/bundle/litellm_config.yaml"


def test_compose_runs_what_the_program_offers() -> None:
    service = compose()["services"]["proxy"]
    options = check_command(service["command"])
    assert (options["foreground"], options["host"], options["port"]) == (True, "0.0.0.0", 4000)
    assert service["ports"] == ["127.0.0.1:${PORT:-8082}:4000"]
    assert service["restart"] == "unless-stopped"
    assert service["environment"]["LITELLM_MASTER_KEY"].startswith("${LITELLM_MASTER_KEY:?")


@pytest.mark.parametrize("name", ["proxy", "dashboard"])
def test_every_setting_reaches_the_containers(name: str) -> None:
    """All but addresses, folders and what only the client reads, as environment or .env have it."""
    given = compose()["services"][name]["environment"]
    decided = ("home", "config", "host", "url", "port", "web_port", "published")
    client = ("claude", "key", "autostart", "greeting", "trusted_url")
    for field, entry in settings.TABLE.items():
        if field not in (*decided, *client, "master_key"):
            for variable in (entry.variable, *entry.aliases):
                assert given[variable] is None, variable
    for variable in set(_documented()) - {entry.variable for entry in settings.TABLE.values()}:
        assert given[variable] is None, variable


def test_what_docker_compose_hands_on(tmp_path: Path) -> None:
    """The variables of environment and .env as docker-compose itself resolves them, for both containers."""
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose is not installed")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    (tmp_path / ".env").write_text(
        "GEMINI_API_KEY=from-file\nCLAUDE_LENS_KEEP_DAYS=30\nLITELLM_MASTER_KEY=sk-x\n"
    )
    resolved = subprocess.run(
        ["docker-compose", "config"],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "READ_TIMEOUT": "90s"},
        capture_output=True,
        text=True,
    )
    assert resolved.returncode == 0, resolved.stderr
    for name in ("proxy", "dashboard"):
        given = yaml.safe_load(resolved.stdout)["services"][name]["environment"]
        assert given["GEMINI_API_KEY"] == "from-file"
        assert str(given["CLAUDE_LENS_KEEP_DAYS"]) == "30"
        assert given["READ_TIMEOUT"] == "90s"
        assert given["CLAUDE_LENS_HOME"] == "/data"
        assert not given.get("DEEPSEEK_API_KEY")


def test_compose_mounts_and_health() -> None:
    service, volumes = compose()["services"]["proxy"], compose()["volumes"]
    mounts = dict(reversed(mount.removesuffix(":ro").split(":")) for mount in service["volumes"])
    config = service["environment"]["CLAUDE_LENS_CONFIG"]
    assert mounts[config] == "./litellm_config.yaml"
    assert mounts[str(Path(config).parent / "callbacks")] == "./callbacks"
    assert mounts[service["environment"]["CLAUDE_LENS_HOME"]] in volumes
    for source in mounts.values():
        assert source in volumes or (ROOT / source).exists()
    health = service["healthcheck"]
    assert health["interval"] == "30s"
    assert "http://127.0.0.1:4000/health" in health["test"][-1]


def test_dockerfile_agrees_with_compose() -> None:
    found, service = dockerfile(), compose()["services"]["proxy"]
    assert json.loads(found["CMD"][0]) == service["command"]
    assert found["EXPOSE"] == ["4000"]
    assert found["VOLUME"] == [service["environment"]["CLAUDE_LENS_HOME"]]
    for name in ("CLAUDE_LENS_HOME", "CLAUDE_LENS_CONFIG"):
        assert f"{name}={service['environment'][name]}" in found["ENV"][0]
    assert found["USER"] == ["lens"]
    assert "--interval=30s" in found["HEALTHCHECK"][0]


def test_dockerfile_copies_what_there_is() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for line in dockerfile()["COPY"]:
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert not any(fnmatch.fnmatch(source.removeprefix("./"), pattern) for pattern in ignored), source


def test_secrets_and_builds_stay_out_of_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", ".venv*", "node_modules"} <= set(ignored)


def test_docker_accepts_the_file() -> None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if not shutil.which(command[0]):
            continue
        if subprocess.run([*command, "version"], capture_output=True).returncode:
            continue
        given = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
        line = [*command, "--file", str(ROOT / "docker-compose.yml"), "config"]
        refused = subprocess.run(line, env=given, capture_output=True, text=True)
        assert refused.returncode != 0
        assert "LITELLM_MASTER_KEY" in refused.stderr
        taken = subprocess.run(
            line, env={**given, "LITELLM_MASTER_KEY": "sk-x"}, capture_output=True, text=True
        )
        assert taken.returncode == 0, taken.stderr
        assert "4000" in taken.stdout
        return
    pytest.skip("docker compose is not installed")


def _documented() -> list[str]:
    return re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)


def test_a_team_has_postgresql_and_redis() -> None:
    whole = compose()
    services = whole["services"]
    for name, folder in (("postgres", "/var/lib/postgresql/data"), ("redis", "/data")):
        one = services[name]
        assert one["profiles"] == ["team"]
        assert re.fullmatch(rf"{name}:\d+", one["image"])
        assert one["volumes"] == [f"{name}:{folder}"]
        assert name in whole["volumes"]
        assert one["healthcheck"]["test"][0] == "CMD"
        assert "ports" not in one
    for variable in ("CLAUDE_LENS_DATABASE_URL", "REDIS_HOST", "REDIS_PORT"):
        assert services["proxy"]["environment"][variable] is None
    assert "CLAUDE_LENS_DATABASE_URL" in services["dashboard"]["environment"]
    assert '".[postgres]"' in dockerfile()["RUN"][0]
