import subprocess
import sys

import pytest

from claude_lens import descriptors

CODE = """
import resource
from claude_lens import descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(descriptors.limit(), descriptors.raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard"), [(128, 512), (256, 256)])
def test_the_soft_limit_becomes_the_hard_one(soft: int, hard: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(soft=soft, hard=hard)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(soft), str(hard), str(hard), str(hard)]


def test_how_many_connections_that_is_enough_for() -> None:
    assert descriptors.connections(256) == 96
    assert descriptors.connections(1 << 20) > 500_000
    assert descriptors.connections(20) == descriptors.FEWEST
