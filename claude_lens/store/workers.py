"""Whether the proxy that a running exchange belongs to still lives. Names are ``host:pid:start``."""

from __future__ import annotations

import socket
import time
from typing import Final

import psutil

# A worker names itself after its process started, and the two clocks may differ a little.
_CLOCK_SLACK: Final = 5.0
LONGEST_ON_ANOTHER_HOST: Final = 3600.0


def is_dead(worker: str, newest_start: float) -> bool:
    """Whether nothing can still end an exchange of ``worker``.

    On another host (a container that was replaced), only time tells: no request that started an hour ago
    (``newest_start``, seconds since the epoch) still runs.
    """
    host, *rest = worker.rsplit(":", 2)
    if host != socket.gethostname() or len(rest) != 2 or not rest[0].isdigit():
        return time.time() - newest_start > LONGEST_ON_ANOTHER_HOST
    try:
        created = psutil.Process(int(rest[0])).create_time()
    except (psutil.NoSuchProcess, OverflowError):
        return True
    except psutil.Error:
        return False
    return _seconds(rest[1], created) + _CLOCK_SLACK < created


def _seconds(text: str, otherwise: float) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise
