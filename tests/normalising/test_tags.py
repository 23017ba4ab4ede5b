import pytest

from claude_lens.normalising.tags import ThinkTags


def told(text: str, size: int) -> dict[str, str]:
    tags = ThinkTags()
    parts: list[tuple[str, str]] = []
    for start in range(0, len(text), size):
        parts += tags.feed(text[start : start + size])
    parts += tags.close()
    return {
        kind: "".join(piece for found, piece in parts if found == kind)
        for kind in {kind for kind, _ in parts}
    }


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<think>hm</think>\n\nHello", {"thought": "hm", "text": "Hello"}),
        ("\n<thinking>\nhm</thinking>Hello", {"thought": "hm", "text": "Hello"}),
        ("<think>a < b </th</think>x", {"thought": "a < b </th", "text": "x"}),
        ("<think></think>x", {"text": "x"}),
        ("<think>never closed", {"thought": "never closed"}),
        ("Hello <think>no</think>", {"text": "Hello <think>no</think>"}),
        ("<thin air", {"text": "<thin air"}),
        ("<thi", {"text": "<thi"}),
        ("<think>hm</think>\n\n", {"thought": "hm"}),
        ("", {}),
    ],
)
def test_a_thought_at_the_beginning(text: str, parts: dict[str, str], size: int) -> None:
    assert told(text, size) == parts
