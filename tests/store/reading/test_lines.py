"""What requests add to a conversation, from their chains."""

from __future__ import annotations

from claude_lens.store.reading.lines import Line, Steps


class Conversation:
    """Chains as the store keeps them, contents being numbers; 100 + n is another form of n."""

    def __init__(self, *requests: list[int]) -> None:
        self.chains: dict[int, tuple[int, int]] = {}
        self.tips: list[int] = []
        known: dict[tuple[int, int], int] = {}
        for request in requests:
            node = 0
            for piece in request:
                node = known.setdefault((node, piece), len(known) + 1)
                self.chains.setdefault(node, (0, 0))
            self.tips.append(node)
        for (parent, piece), node in known.items():
            self.chains[node] = (parent, piece)

    def fresh(self, *beside: int) -> list[tuple[list[int], bool]]:
        """What each request added; those with these numbers are no part of the conversation."""
        same = {piece: piece - 100 for _, piece in self.chains.values() if piece > 100}
        line = Line(Steps(self.chains, same))
        return [line.fresh(tip, beside=index in beside) for index, tip in enumerate(self.tips)]


def test_what_grows_at_its_end() -> None:
    assert Conversation([1], [1, 2, 3], [1, 2, 3, 4, 5]).fresh() == [
        ([1], True),
        ([2, 3], False),
        ([4, 5], False),
    ]


def test_another_form_is_nothing_new() -> None:
    assert Conversation([101], [1, 2, 103], [1, 102, 3, 4]).fresh() == [
        ([101], True),
        ([2, 103], False),
        ([4], False),
    ]


def test_something_in_front_changes() -> None:
    found = Conversation([1, 2, 3], [9, 2, 103, 4], [9, 2, 3, 4, 5]).fresh()
    assert found == [([1, 2, 3], True), ([9, 4], False), ([5], False)]


def test_the_same_words_again_are_new() -> None:
    assert Conversation([1, 2, 1], [9, 2, 1, 2, 1]).fresh()[1] == ([9, 2, 1], False)


def test_a_request_beside_is_not_what_follows_is_compared_with() -> None:
    found = Conversation([1, 2], [7], [9, 2, 3]).fresh(1)
    assert found == [([1, 2], True), ([7], True), ([9, 3], False)]


def test_a_new_beginning_and_nothing() -> None:
    assert Conversation([1, 2, 3], [8], [8, 4]).fresh()[1:] == [([8], True), ([4], False)]
    assert Line(Steps({}, {})).fresh(None) == ([], True)
    assert Conversation([1], [1]).fresh()[1] == ([], False)
