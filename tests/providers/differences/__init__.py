"""The same request through LiteLLM alone and through us, per provider format."""
