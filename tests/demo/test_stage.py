import os
import signal
from pathlib import Path

import pytest

from claude_lens.demo import stage


def test_nothing_of_the_users_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "ANTHROPIC_BASE_URL",
        "CLAUDE_LENS_DATABASE_URL",
        "LITELLM_MASTER_KEY",
        "ARIZE_API_KEY",
        "HTTPS_PROXY",
    ):
        monkeypatch.setenv(name, "users-own")
    found = stage._environment(tmp_path, tmp_path / "lens", "http://127.0.0.1:1")
    assert "users-own" not in found.values()
    assert (found["HOME"], found["CLAUDE_LENS_HOME"]) == (str(tmp_path), str(tmp_path / "lens"))
    assert found["ANTHROPIC_FORWARD_URL"] == "http://127.0.0.1:1"


def test_the_folder_goes_unless_it_is_kept() -> None:
    with stage.temporary(keep=False) as folder:
        (folder / "x").write_text("")
    assert not folder.exists()
    with stage.temporary(keep=True) as folder:
        pass
    assert folder.exists()
    folder.rmdir()


def test_termination_unwinds() -> None:
    before = signal.getsignal(signal.SIGTERM)
    folder = Path()

    def terminated() -> None:
        nonlocal folder
        with stage.temporary(keep=False) as folder:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()

    with pytest.raises(KeyboardInterrupt):
        terminated()
    assert not folder.exists()
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_project_has_what_the_script_speaks_of(tmp_path: Path) -> None:
    project = stage._project(tmp_path)
    assert sorted(path.name for path in project.iterdir()) == ["README.md", "notes"]
    assert len(list((project / "notes").iterdir())) == 3
