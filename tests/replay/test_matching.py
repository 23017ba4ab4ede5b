from __future__ import annotations

from claude_lens.replay.matching import Match, Matcher
from tests.replay.making import COMPARING, recorded
from tests.replay.test_comparing import body, user


def asked(matcher: Matcher, line: str, *said: str, named: bool = True) -> Match:
    return matcher.match(line, COMPARING.of(body(*map(user, said))), named=named)


def test_agents_that_come_in_another_order() -> None:
    one = recorded(1, "look for A", agent="a1")
    two = recorded(2, "look for B", agent="a2")
    after = recorded(3, "look for A", "found", agent="a1")
    matcher = Matcher([recorded(0, "go"), one, two, after])
    assert asked(matcher, "new-b", "look for B") == Match(two, same=True)
    assert asked(matcher, "new-a", "look for A") == Match(one, same=True)
    assert asked(matcher, "new-a", "look for A", "found") == Match(after, same=True)
    assert [one.order for one in matcher.unused()] == [0]


def test_a_request_that_differs_is_the_next_of_its_agent() -> None:
    first, second = recorded(0, "go"), recorded(1, "go", "on")
    agent = recorded(2, "look", "there", agent="a1")
    matcher = Matcher([first, second, agent])
    assert asked(matcher, "main", "go!") == Match(first, same=False)
    assert asked(matcher, "new", "look", "here") == Match(agent, same=False)
    assert asked(matcher, "main", "go", "on") == Match(second, same=True)
    assert asked(matcher, "main", "more") == Match(None, same=False)


def test_a_retry_takes_the_next_of_the_same_content() -> None:
    failed, again = recorded(0, "go", status="error"), recorded(1, "go")
    matcher = Matcher([failed, again])
    assert asked(matcher, "main", "go") == Match(failed, same=True)
    assert asked(matcher, "main", "go") == Match(again, same=True)


def test_helpers_are_a_line_of_their_own() -> None:
    title = recorded(0, "a title, please", line="auxiliary")
    matcher = Matcher([title, recorded(1, "go")])
    assert asked(matcher, "main", "went") == Match(recorded(1, "go"), same=False)
    assert asked(matcher, "auxiliary", "another title, please") == Match(title, same=False)


def test_without_names_the_longest_same_beginning_decides() -> None:
    one, two = recorded(0, "go"), recorded(1, "look", "there", agent="a1")
    matcher = Matcher([one, two])
    assert asked(matcher, "main", "look", "here", named=False) == Match(two, same=False)
    assert asked(matcher, "main", "go", named=False) == Match(one, same=True)
