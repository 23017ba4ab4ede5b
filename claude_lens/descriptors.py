"""File descriptors: as many as the system allows, and how many connections that is enough for."""

from __future__ import annotations

import contextlib
import sys

ENOUGH = 4096
"""Below this ``doctor`` and the log warn: a session with many agents has dozens of connections."""
SPARE = 64
"""What a proxy has open besides connections: LiteLLM's files and sockets, pipes, look-ups of names."""
FEWEST = 8


def raise_limit() -> int:
    """Raise this process's soft limit to the hard one; returns the limit then in force.

    A system without limits, and Windows, which has none of this kind, count as ``sys.maxsize``.
    """
    try:
        import resource
    except ImportError:
        return sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS calls its hard limit unlimited, and then takes no more than OPEN_MAX.
    for wanted in (hard, 1 << 20, 10_240):
        with contextlib.suppress(ValueError, OSError):
            if resource.RLIM_INFINITY in (soft, wanted) or wanted > soft:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    return limit()


def limit() -> int:
    """The soft limit in force."""
    return _limits()[0]


def highest() -> int:
    """The hard limit, to which a process may raise its own."""
    return _limits()[1]


def _limits() -> tuple[int, int]:
    try:
        import resource
    except ImportError:
        return sys.maxsize, sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    return sys.maxsize if soft == unlimited else soft, sys.maxsize if hard == unlimited else hard


def connections(descriptors: int) -> int:
    """How many clients may be connected at once: each may need a connection to a provider as well."""
    return max(FEWEST, (descriptors - SPARE) // 2)


class Counters:
    """Who is connected to a proxy, for ``GET /claude-lens/status``."""

    most = 0
    open = 0
    waited = 0

    def told(self) -> dict[str, int]:
        """``open`` connections of ``most``, how often some had to ``wait``, the limit of descriptors."""
        return {"open": self.open, "most": self.most, "waited": self.waited, "descriptors": limit()}


counters = Counters()
