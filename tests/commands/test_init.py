import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from claude_lens.agents.routes import load
from claude_lens.profiles import PROFILES
from claude_lens.proxy import config
from tests.harness.lens import Lens


def test_writes_into_the_home_folder_and_names_what_is_needed(lens: Lens) -> None:
    done = lens.lensctl("init", "--profile", "groq", GROQ_BASE_URL="http://x")
    assert done.returncode == 0
    file = lens.home / "litellm_config.yaml"
    assert f"wrote {file}" in done.stdout
    assert "GROQ_API_KEY                     MISSING  Key of Groq." in done.stdout
    assert "GROQ_BASE_URL                    set" in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    names = [entry["model_name"] for entry in yaml.safe_load(file.read_text())["model_list"]]
    assert {"openai/groq-gpt-oss-20b", "groq-llama-3-70b", "claude-*"} <= set(names)


def test_refuses_to_overwrite(lens: Lens) -> None:
    assert lens.lensctl("init", "--profile", "plano").returncode == 0
    (lens.home / "litellm_config.yaml").unlink()
    done = lens.lensctl("init", "--profile", "plano")
    assert done.returncode == 2
    assert done.stderr == f"lensctl: {lens.home / 'plano_config.yaml'} exists; --force replaces it\n"
    assert not (lens.home / "litellm_config.yaml").exists()
    assert lens.lensctl("init", "--profile", "plano", "--force").returncode == 0


def test_unwritable(lens: Lens) -> None:
    (lens.folder / "file").write_text("")
    done = lens.lensctl("init", "--output", str(lens.folder / "file" / "x.yaml"))
    assert done.returncode == 1
    assert "cannot write" in done.stderr


def test_a_full_disk_leaves_the_configuration_that_was_there(lens: Lens) -> None:
    assert lens.lensctl("init").returncode == 0
    file = lens.home / "litellm_config.yaml"
    before = file.read_bytes()
    # What measures coverage would want to write on the full disk, too.
    line = f"""unset COVERAGE_PROCESS_CONFIG COVERAGE_PROCESS_START; ulimit -f 1
exec "{sys.executable}" -P -m claude_lens init --profile groq --force"""
    done = lens.run("sh", "-c", line)
    assert (done.returncode, done.stderr) == (1, f"lensctl: cannot write {file}: File too large\n")
    assert file.read_bytes() == before
    assert [one.name for one in lens.home.iterdir()] == [file.name]


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_doctor_checks_what_a_profile_needs(name: str, lens: Lens, tmp_path: Path) -> None:
    file = tmp_path / "out" / "litellm_config.yaml"
    assert lens.lensctl("init", "--profile", name, "--output", str(file)).returncode == 0
    config.check(file)
    keys: dict[str, Any] = {known.name: "sk" for known in PROFILES[name].variables if known.required}
    load(file, keys)
    # A rule's key is told where the rule is.
    missing = list(keys)
    done = lens.lensctl("doctor", CLAUDE_LENS_CONFIG=str(file))
    assert not missing or any(variable in done.stdout for variable in missing)
    assert ("ok   models" in done.stdout) is (not missing or name == "mixed")
    assert "ok   models" in lens.lensctl("doctor", CLAUDE_LENS_CONFIG=str(file), **keys).stdout


def test_where_traces_go(lens: Lens) -> None:
    """The backend's variables in .env of the home folder, and what is missing said."""
    first = lens.lensctl("init", "--trace", "langfuse", LANGFUSE_PUBLIC_KEY="pk-lf-1", check=True)
    assert "LANGFUSE_SECRET_KEY              MISSING" in first.stdout
    file = lens.home / ".env"
    assert "#OTEL_EXPORTER_OTLP_HEADERS=" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(file.read_text() + "MINE=1\n")
    again = lens.lensctl("init", "--trace", "langfuse")
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    keys = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-2"}
    lens.lensctl("init", "--trace", "langfuse", "--force", check=True, **keys)
    text = file.read_text()
    assert "MINE=1\n" in text
    assert text.count("OTEL_EXPORTER_OTLP_ENDPOINT=https://cloud.langfuse.com/api/public/otel\n") == 1
    assert "\nOTEL_EXPORTER_OTLP_HEADERS=Authorization=Basic%20" in text
    assert not (lens.home / "litellm_config.yaml").exists()
