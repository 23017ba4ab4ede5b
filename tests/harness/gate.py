"""Holds a proxy's import of LiteLLM until a test lets it go on, or fails it."""

from __future__ import annotations

from pathlib import Path

from tests.harness.proxy import until

# Python runs a module of this name at its start, before anything of ours.
STOP = """\
import importlib.abc, os, pathlib, sys, time

class Gate(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "litellm.proxy":
            folder = pathlib.Path(os.environ["TEST_GATE"])
            (folder / "reached").touch()
            while not (folder / "told").exists():
                time.sleep(0.01)
            if (folder / "told").read_text():
                raise ImportError((folder / "told").read_text())
        return None

sys.meta_path.insert(0, Gate())
"""


class Gate:
    """``settings`` go into the environment of the proxy whose LiteLLM is to wait."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(STOP)
        self.settings = {"TEST_GATE": str(folder), "PYTHONPATH": str(folder)}

    def reached(self) -> None:
        """Return once the proxy has begun to import LiteLLM."""
        until((self._folder / "reached").exists, 60, lambda: "LiteLLM is not imported")

    def open(self, problem: str = "") -> None:
        """Let the import go on, or fail with ``problem``."""
        (self._folder / "written").write_text(problem)
        (self._folder / "written").rename(self._folder / "told")
