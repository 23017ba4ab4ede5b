from pathlib import Path

import pytest
from dotenv import dotenv_values

from claude_lens import settings_docs
from claude_lens.settings import TABLE

ROOT = Path(__file__).parents[1]


def checkout(tmp_path: Path) -> Path:
    marks = f"# x\n{settings_docs.BEGIN}\nstale row\n{settings_docs.END}\nafter\n"
    (tmp_path / "README.md").write_text(marks)
    compose = f"x:\n{settings_docs.COMPOSE_BEGIN}\n  STALE:\n{settings_docs.COMPOSE_END}\nservices: {{}}\n"
    (tmp_path / "docker-compose.yml").write_text(compose)
    return tmp_path


def test_write_then_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = checkout(tmp_path)
    assert settings_docs.main(["--check"], root) == 1
    assert "README.md is not up to date" in capsys.readouterr().err
    assert settings_docs.main(["--write"], root) == 0
    assert settings_docs.main(["--check"], root) == 0
    text = (root / "README.md").read_text()
    assert text.startswith("# x\n")
    assert text.endswith("after\n")
    assert "stale row" not in text
    (root / ".env.example").write_text("changed")
    assert settings_docs.main(["--check"], root) == 1


def test_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert settings_docs.main([], tmp_path) == 2
    assert "usage" in capsys.readouterr().err
    (tmp_path / "README.md").write_text("no marks")
    with pytest.raises(ValueError, match="lacks the marks"):
        settings_docs.main(["--check"], tmp_path)


def test_every_setting_is_documented() -> None:
    example, table = settings_docs.env_example(), settings_docs.readme_table()
    for entry in TABLE.values():
        assert f"#{entry.variable}=" in example
        assert f"| `{entry.variable}`" in table
        assert entry.sentence in example
        for alias in entry.aliases:
            assert alias in table
            assert alias in example
    for name in ("DB_PATH", "LITELLM_SALT_KEY", "SUBAGENT_MAPPINGS", "ARIZE_SPACE_ID", "OPENAI_API_KEY"):
        assert f"#{name}=" in example


def test_a_plain_copy_of_the_example_changes_nothing() -> None:
    assert dotenv_values(ROOT / ".env.example") == {}
