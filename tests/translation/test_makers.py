import pytest

from claude_lens.translation.makers import CLAUDE, is_own, maker_of, mark_of, stamp, takes_back, unstamped

CLAUDES = "ErUBCkYIBxgCIkDq0PpSPx2Q" + "a" * 60


def thought(signature: str | None, **more: str) -> dict[str, str]:
    block = {"type": "thinking", "thinking": "hm", **more}
    return block if signature is None else {**block, "signature": signature}


@pytest.mark.parametrize(
    ("model", "provider", "native", "maker"),
    [
        ("claude-x", "anthropic", True, CLAUDE),
        ("claude-sonnet-5-5", "vertex_ai", True, CLAUDE),
        ("MiniMax-M3", "minimax", True, "minimax"),
        ("gpt-4o", "openai", False, "openai/gpt-4o"),
    ],
)
def test_whose_the_thoughts_of_a_model_are(model: str, provider: str, native: bool, maker: str) -> None:
    assert maker_of(model, provider, native=native) == maker


def test_a_thought_goes_back_to_its_maker_only() -> None:
    ours = thought(stamp("openai/m"))
    assert is_own(ours, "openai/m")
    assert not any(is_own(ours, maker) for maker in ("openai/other", "deepseek", CLAUDE))
    seen = {"sig": "deepseek", "hm": "minimax"}
    assert is_own(thought("sig"), "deepseek", seen.get)
    assert not is_own(thought("sig"), CLAUDE, seen.get)
    assert is_own(thought(""), "minimax", seen.get)
    assert not is_own(thought(""), "deepseek", seen.get)


def test_what_nobody_has_seen_is_judged_by_its_looks() -> None:
    assert is_own(thought(CLAUDES), CLAUDE)
    assert not is_own(thought(CLAUDES), "deepseek")
    assert is_own(thought("0f3a-uuid"), "deepseek")
    assert is_own(thought(None), "deepseek")
    assert not is_own(thought(None), CLAUDE)
    assert not is_own(thought("litellm_encrypted_reasoning:x"), "deepseek")
    assert not is_own(thought("anything"), "openai/m")
    redacted = {"type": "redacted_thinking", "data": "eA=="}
    assert (is_own(redacted, CLAUDE), is_own(redacted, "deepseek")) == (True, False)


def test_some_refuse_their_own() -> None:
    assert takes_back("openai/m")
    assert not takes_back("groq/m")
    assert not is_own(thought(stamp("groq/m")), "groq/m")


def test_a_thought_as_it_was_said() -> None:
    assert unstamped(thought(stamp("x"))) == thought("")
    assert unstamped(thought("own")) == thought("own")
    assert [mark_of(thought("s")), mark_of(thought(""))] == ["s", "hm"]
