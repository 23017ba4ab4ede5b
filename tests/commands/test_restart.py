from claude_lens.proxy import key as keys
from claude_lens.proxy.health import get, health
from tests.harness.lens import Lens

CONFIG = """\
model_list:
  - model_name: {name}
    litellm_params: {{model: anthropic/claude-x}}
"""


def test_serves_the_edited_configuration_as_before(lens: Lens) -> None:
    config = lens.folder / "mine.yaml"
    config.write_text(CONFIG.format(name="before"))
    lens.environment["ANTHROPIC_API_KEY"] = "sk-ant-x"
    assert lens.lensctl("up", "--config", str(config)).returncode == 0
    first = health(lens.url)
    del lens.environment["ANTHROPIC_API_KEY"]
    config.write_text("model_list: [\n")
    refused = lens.lensctl("restart")
    assert refused.returncode == 2
    assert f"{config}:2: not valid YAML" in refused.stderr
    assert health(lens.url).pid == first.pid
    config.write_text(CONFIG.format(name="after"))
    done = lens.lensctl("restart", PORT="1")
    assert (done.returncode, done.stdout) == (0, f"the proxy serves at {lens.url}\n")
    second = health(lens.url)
    assert second.pid != first.pid
    assert second.detail["credential"] == "proxy"
    key = keys.proxy_key(lens.settings)
    body = get(lens.url, "/v1/models", {"x-api-key": key})[2]
    assert b'"after"' in body
    assert b'"before"' not in body
