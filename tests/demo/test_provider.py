import anthropic
import httpx

from claude_lens.demo.provider import Provider

TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]
BODY = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools": TOOLS}


def test_its_stream_is_one_that_the_vendors_client_reads() -> None:
    with Provider() as provider:
        client = anthropic.Anthropic(api_key="k", base_url=provider.url, max_retries=0)
        headers = {"x-claude-code-agent-id": "a1"}
        with client, client.messages.stream(**BODY, extra_headers=headers) as stream:  # type: ignore[arg-type]
            message = stream.get_final_message()
        assert message.stop_reason == "tool_use"
        assert message.content[0].type == "tool_use"
        assert message.usage.output_tokens > 1
        assert provider.requests == 1


def test_plain_answers_and_counts() -> None:
    with Provider() as provider:
        first = httpx.post(f"{provider.url}/v1/messages", json=BODY)
        again = httpx.post(f"{provider.url}/v1/messages", json=BODY)
        count = httpx.post(f"{provider.url}/v1/messages/count_tokens", json=BODY)
    assert first.headers["request-id"] == "req_demo_0001"
    assert first.json()["usage"]["cache_read_input_tokens"] == 0
    assert again.json()["usage"]["cache_read_input_tokens"] > 0
    assert count.json()["input_tokens"] > 0


def test_it_is_gone_afterwards() -> None:
    with Provider() as provider:
        url = provider.url
    try:
        httpx.get(url)
    except httpx.ConnectError:
        return
    raise AssertionError("still listening")
