from pathlib import Path

import pytest

from claude_lens.errors import ProxyError
from claude_lens.proxy.lock import lock
from claude_lens.settings import load


def test_lock_is_exclusive_and_ends_with_its_holder(tmp_path: Path) -> None:
    found = load({"CLAUDE_LENS_HOME": str(tmp_path)})
    with (
        lock(found),
        pytest.raises(ProxyError, match="another start or stop"),
        lock(found, 0.2),
    ):
        pass
    with lock(found, 0.2):
        pass
