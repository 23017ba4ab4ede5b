"""claude-lens: Claude Code, unchanged, with a lens on it."""

__version__ = "0.1.0"
