"""Names subagents and routes them."""

from claude_lens.capture import plugin

subagent_router = plugin.subagent_router()
