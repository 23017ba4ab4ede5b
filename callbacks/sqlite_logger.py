"""Records every exchange into the store."""

from claude_lens.capture import plugin

sqlite_logger = plugin.sqlite_logger()
