"""What ``litellm_config.yaml`` names. LiteLLM loads these files by path, possibly twice: no state here."""
