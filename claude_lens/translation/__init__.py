"""Claude Code's requests made fit for providers of another format, before LiteLLM translates them. Pure."""
