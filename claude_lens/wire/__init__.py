"""Claude Code's protocol as pure functions: identity, event streams, usage, prices, redaction."""
