"""Every case over every way in one run, and the page that tells of it."""

from __future__ import annotations

import pytest

from tests.conformance.cases import table
from tests.conformance.expected import REASONS
from tests.conformance.report import PAGE, render
from tests.conformance.run import Outcomes, run
from tests.conformance.ways import PLAIN, STOCK, TRANSLATED, TRANSPARENT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]
NAMES = [case.name for case in table()]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What the run of everything found."""
    return run(tmp_path_factory.mktemp("conformance"))


@pytest.mark.parametrize("name", NAMES)
def test_the_transparent_lane_cannot_be_told_from_the_real_api(outcomes: Outcomes, name: str) -> None:
    assert outcomes[name][TRANSPARENT] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", [TRANSLATED, PLAIN])
def test_every_difference_has_its_reason(outcomes: Outcomes, way: str, name: str) -> None:
    unexplained = [
        label
        for label in outcomes[name][way]
        if not any(reason.covers(way, name, label) for reason in REASONS)
    ]
    assert unexplained == []


def test_every_reason_is_needed(outcomes: Outcomes) -> None:
    found = {(way, name, label) for name in NAMES for way in outcomes[name] for label in outcomes[name][way]}
    idle = [
        (way, label)
        for reason in REASONS
        for way in reason.ways
        for label in reason.labels
        if not any(reason.covers(*one) and one[0] == way and one[2] == label for one in found)
    ]
    assert idle == []


def test_the_suite_can_see_what_litellm_alone_loses(outcomes: Outcomes) -> None:
    assert "body" in outcomes["unknown top-level field"][STOCK]
    assert "query" in outcomes["plain streamed request"][STOCK]
    assert "status 529 is 500" in outcomes["status 529"][STOCK]
    assert "the login's token" in outcomes["count_tokens, a claude.ai login"][STOCK]
    assert "the cut is hidden" in outcomes["cut stream"][STOCK]


def test_the_page_is_up_to_date(outcomes: Outcomes) -> None:
    assert PAGE.read_text(encoding="utf-8") == render(outcomes), "run `make conformance`"
