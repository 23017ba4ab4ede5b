import pytest
import yaml

from claude_lens.commands.init import shipped
from claude_lens.profiles import PROFILES, render


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_only_models_and_rules_differ_from_what_is_shipped(name: str) -> None:
    profile = PROFILES[name]
    text = render(profile, shipped())
    made, known = yaml.safe_load(text), yaml.safe_load(shipped())
    for section in ("litellm_settings", "router_settings", "general_settings"):
        assert made[section] == known[section]
    assert (made["model_list"] == known["model_list"]) is (not profile.models)
    assert ("subagent_routing" in made) is (name == "mixed")
    assert text.startswith(f"# Profile {name}: ")
    for variable in profile.variables:
        assert f"#   {variable.name}" in text
