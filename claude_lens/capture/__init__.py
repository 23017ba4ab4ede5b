"""Where requests pass: the front, the transparent lane, LiteLLM's pipeline. The only room that imports LiteLLM."""
