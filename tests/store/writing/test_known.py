from __future__ import annotations

from claude_lens.store.writing.known import Known, Recent


def test_the_least_recently_used_goes_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.update({"a": 1, "b": 2})
    assert recent.get("a") == 1

    recent.update({"c": 3})

    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    assert len(recent) == 2


def test_an_update_renews() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.update({"a": 1, "b": 2})
    recent.update({"a": 5, "c": 3})

    assert (recent.get("a"), recent.get("b")) == (5, None)


def test_discarding_is_forgiving() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.update({"a": 1})

    recent.discard("a")
    recent.discard("b")

    assert recent.get("a") is None


def test_nothing_is_known_at_first() -> None:
    assert Known().generation is None
    assert len(Known().contents) == 0
