"""What end-to-end tests stand on: real proxy processes, the real client, and what was recorded."""

from tests.harness.client import Claude, Run, finish
from tests.harness.processes import ROOT, Child, child_environment, free_port
from tests.harness.proxy import SECRETS, Proxy, until
from tests.harness.tap import Tap

__all__ = [
    "ROOT",
    "SECRETS",
    "Child",
    "Claude",
    "Proxy",
    "Run",
    "Tap",
    "child_environment",
    "finish",
    "free_port",
    "until",
]
