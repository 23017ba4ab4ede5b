import subprocess

import pytest

from claude_lens.commands.completion import COMPLETION
from tests.harness.lens import Lens


@pytest.mark.parametrize(
    ("shell", "sign"), [("bash", "complete "), ("zsh", "#compdef lensctl"), ("fish", "complete --")]
)
def test_each_shell_gets_its_own(lens: Lens, shell: str, sign: str) -> None:
    assert sign in lens.lensctl("completion", shell, check=True).stdout
    assert sign in lens.lensctl("completion", check=True, SHELL=f"/usr/bin/{shell}").stdout


def test_what_bash_makes_of_it(lens: Lens) -> None:
    """The text is valid in a real shell, and what it calls completes commands."""
    text = lens.lensctl("completion", "bash", check=True).stdout
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    lens.environment |= {COMPLETION: "bash_complete", "COMP_WORDS": "lensctl sess", "COMP_CWORD": "1"}
    assert "plain,sessions" in lens.lensctl().stdout


def test_an_unknown_shell(lens: Lens) -> None:
    done = lens.lensctl("completion", SHELL="/bin/ksh")
    assert done.returncode == 2
    assert "bash|zsh|fish" in done.stderr
