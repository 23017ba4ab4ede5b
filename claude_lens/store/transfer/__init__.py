"""Into and out of the store: JSON lines, HAR, Markdown, HTML, Claude Code's own history."""
