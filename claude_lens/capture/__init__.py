"""Where requests pass: front, transparent lane, LiteLLM's pipeline. The only room that imports LiteLLM."""
