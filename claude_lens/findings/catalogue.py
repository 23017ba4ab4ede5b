"""All kinds of findings. What two of them could count, the one that comes first counts."""

from __future__ import annotations

from typing import Final

from claude_lens.findings import (
    cache_pause,
    cache_system,
    cache_tools,
    cut_thinking,
    dear_helpers,
    failing,
    read_after_compaction,
    read_again,
    stalls,
    subagent_reads,
    unused_results,
    unused_tools,
)
from claude_lens.findings.losses import Kind

KINDS: Final[tuple[Kind, ...]] = (
    cache_pause.KIND,
    cache_system.KIND,
    cache_tools.KIND,
    unused_tools.KIND,
    read_after_compaction.KIND,
    subagent_reads.KIND,
    read_again.KIND,
    unused_results.KIND,
    failing.KIND,
    dear_helpers.KIND,
    cut_thinking.KIND,
    stalls.KIND,
)
