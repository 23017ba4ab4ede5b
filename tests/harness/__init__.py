"""What end-to-end tests stand on: real proxy processes, the real client, and what was recorded."""

from tests.harness.client import Claude, Run
from tests.harness.processes import ROOT, Child, child_environment, free_port
from tests.harness.proxy import SECRETS, Proxy

__all__ = ["ROOT", "SECRETS", "Child", "Claude", "Proxy", "Run", "child_environment", "free_port"]
