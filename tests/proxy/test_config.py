from pathlib import Path

import pytest
import yaml

from claude_lens.errors import ConfigError
from claude_lens.proxy import config

SHIPPED = Path(__file__).parents[2] / "litellm_config.yaml"


def refused(tmp_path: Path, text: str) -> tuple[int | None, str]:
    file = tmp_path / "litellm_config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.check(file)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(file))
    return caught.value.line, caught.value.problem


def accepted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "litellm_config.yaml"
    file.write_text(text)
    config.check(file)


def test_shipped_names_and_settings() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text())
    names = {entry["model_name"] for entry in shipped["model_list"]}
    assert names >= {
        "claude-*",
        "claude-sonnet-4-5-20250929",
        "claude-sonnet-4-20250514",
        "claude-3-5-sonnet-20241022",
        "claude-3-haiku-20240307",
        "sonnet",
        "haiku",
        "opus",
    }
    for entry in shipped["model_list"]:
        name, model = entry["model_name"], entry["litellm_params"]["model"]
        assert model == f"anthropic/{name}" or name in ("sonnet", "haiku", "opus")
        assert "api_key" not in entry["litellm_params"]
    settings = shipped["litellm_settings"]
    assert settings["request_timeout"] == 600
    assert settings["json_logs"] is True
    assert settings["set_verbose"] is False
    assert set(settings["callbacks"]) == {
        "callbacks.sqlite_logger.sqlite_logger",
        "callbacks.arize_tracer.arize_tracer",
        "callbacks.subagent_router.subagent_router",
    }
    assert shipped["router_settings"] == {"num_retries": 0, "disable_cooldowns": True}
    assert shipped["general_settings"]["cancel_on_disconnect"] is True


def test_shipped_is_accepted() -> None:
    config.check(SHIPPED)


def test_invalid_yaml_names_its_line(tmp_path: Path) -> None:
    line, problem = refused(tmp_path, "model_list:\n  - model_name: a\n   litellm_params: b\n")
    assert line == 3
    assert problem.startswith("not valid YAML: ")
    assert refused(tmp_path, "a: !!python/object:os.system x\n")[0] == 1
    assert refused(tmp_path, "a: b\n\tc: d\n")[0] == 2


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[]", 1, "expected a mapping with model_list, litellm_settings …"),
        ("", 1, "expected a mapping with model_list, litellm_settings …"),
        ("\nmodel_list: {}\n", 2, "model_list must be a list"),
        ("litellm_settings: [a]\n", 1, "litellm_settings must be a mapping"),
        ("model_list:\n  - x\n", 2, "an entry of model_list needs a model_name"),
        ("model_list:\n  - model_name: m\n", 2, "model 'm' needs litellm_params with a model"),
        (
            "model_list:\n  - model_name: m\n    litellm_params:\n      api_base: x\n",
            4,
            "model 'm' needs litellm_params with a model",
        ),
        (
            "litellm_settings:\n  callbacks:\n    - langfuse\n    - langfusr\n",
            4,
            "unknown callback 'langfusr'",
        ),
        ("litellm_settings:\n  callbacks: nonsense\n", 2, "unknown callback 'nonsense'"),
        ("litellm_settings:\n  success_callback: [{a: b}]\n", 2, "success_callback holds names, such as"),
        ("litellm_settings:\n  callbacks: [nowhere.there.it]\n", 2, "no nowhere/there.py beside this file"),
        ("general_settings:\n  master_key: sk-1234\n", 2, "master_key belongs into LITELLM_MASTER_KEY"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, line: int, problem: str) -> None:
    found_line, found = refused(tmp_path, text)
    assert found_line == line
    assert problem in found
    assert "sk-1234" not in found


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        config.check(tmp_path / "none.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.check(binary)


def test_callbacks_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "hook.py").write_text("class Hook: ...\n\n\nhook = Hook()\n")
    accepted(tmp_path, "litellm_settings:\n  callbacks: [mine.hook.hook, langfuse, s3]\n")
    assert (
        "hook.py defines no 'hok'"
        in refused(tmp_path, "litellm_settings:\n  callbacks: [mine.hook.hok]\n")[1]
    )
    (tmp_path / "mine" / "hook.py").write_text("def broken(:\n")
    assert "hook.py:1:" in refused(tmp_path, "litellm_settings:\n  callbacks: [mine.hook.hook]\n")[1]


def test_callbacks_that_are_installed(tmp_path: Path) -> None:
    accepted(
        tmp_path,
        "litellm_settings:\n  callbacks: [json.decoder.JSONDecoder, json.loads, s3://bucket/x.y]\n"
        "model_list:\ngeneral_settings:\n  master_key: os.environ/LITELLM_MASTER_KEY\n",
    )
    assert config.callback_problem("json.decoder.nothing", tmp_path) is not None
    assert config.callback_problem("..x", tmp_path) is not None


def test_builtin_names_come_from_litellm() -> None:
    assert {"langfuse", "datadog", "s3", "sentry", "prometheus"} <= config.builtin_callbacks()
