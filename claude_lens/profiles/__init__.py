"""Well-known set-ups, each a whole ``litellm_config.yaml``."""

from claude_lens.profiles.catalogue import PROFILES
from claude_lens.profiles.render import Profile, Variable, render

__all__ = ["PROFILES", "Profile", "Variable", "render"]
