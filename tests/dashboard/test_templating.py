"""Words for numbers, times and names; everything escaped."""

from __future__ import annotations

import re

import pytest

from claude_lens.dashboard import templating
from claude_lens.dashboard.templating import (
    agent_colour,
    agent_name,
    cache_percent,
    environment,
    folder,
    model_name,
    number,
    session_id,
    session_path,
    static_url,
    when,
)
from tests.dashboard.hostile import PAYLOADS

USAGE = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_read_input_tokens": 80,
    "cache_creation_input_tokens": 10,
}


def test_values_are_escaped_and_cleaned() -> None:
    made = environment().from_string("{{ x }}").render(x="<b>\x00\u202e")
    assert made == "&lt;b&gt;\u2400\u2039U+202E\u203a"


def test_names_that_are_not_given_are_a_mistake() -> None:
    with pytest.raises(Exception, match="undefined"):
        environment().from_string("{{ nothing }}").render()


def test_shares_of_the_cache() -> None:
    assert cache_percent(USAGE) == 80
    assert cache_percent(None) is None
    assert cache_percent(dict.fromkeys(USAGE, 0)) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("claude-sonnet-4-5-20250929", "sonnet-4-5"),
        ("openai/gpt-5-mini", "gpt-5-mini"),
        ("claude-opus-5-5", "opus-5-5"),
        (None, templating.NONE),
    ],
)
def test_models_as_people_say(name: str | None, said: str) -> None:
    assert model_name(name) == said


@pytest.mark.parametrize(
    ("path", "said"),
    [("/home/me/app/", "app"), ("C:\\a\\b", "b"), (None, templating.NONE), ("/", templating.NONE)],
)
def test_folders(path: str | None, said: str) -> None:
    assert folder(path) == said


def test_agents_have_names_and_steady_colours() -> None:
    assert agent_name({"id": None, "name": None, "type": None}) == "main"
    assert agent_name({"id": "a1", "name": None, "type": "Plan"}) == "Plan"
    assert agent_name({"id": "a1", "name": "reviewer", "type": "custom"}) == "reviewer"
    assert agent_name({"id": "a1", "name": None, "type": None}) == "a1"
    assert agent_colour(None) == 0
    assert {agent_colour(f"a{n}") for n in range(200)} == set(range(1, 8))
    assert agent_colour("a1") == agent_colour("a1")


def test_times_carry_utc() -> None:
    html = when("2026-01-31T09:30:00.123Z", "full")
    assert 'datetime="2026-01-31T09:30:00.123Z"' in html
    assert 'title="2026-01-31 09:30:00 UTC"' in html
    assert when(None) == templating.NONE


@pytest.mark.parametrize("form", ["time", "minute", "second", "day", "full"])
def test_forms_of_times(form: str) -> None:
    assert re.search(r">[^<]*\d[^<]*<", when("2026-01-31T09:30:00.123Z", form))


@pytest.mark.parametrize("name", [*PAYLOADS, "..", ".", "a/b", "", "no-session-2026-01-31", "~x"])
def test_any_session_id_fits_one_part_of_a_path(name: str) -> None:
    clean = name.encode("utf-8", "replace").decode()
    part = session_path(clean)
    assert re.fullmatch(r"[A-Za-z0-9_.~-]+", part)
    assert part not in (".", "..")
    assert session_id(part) == clean


def test_bent_parts_do_no_harm() -> None:
    assert session_id("~%%%") is not None
    assert session_id("~a") is not None


def test_static_addresses_change_with_the_file() -> None:
    assert re.fullmatch(r"/static/lens\.css\?v=[0-9a-f]{12}", static_url("lens.css"))


def test_numbers() -> None:
    assert number(1234567.4) == "1,234,567"
    assert number(None) == templating.NONE


def test_pages_survive_what_has_no_bytes() -> None:
    answer = templating.page("problem.html", 404, title="x", text="\ud800")
    assert answer.status_code == 404
    assert "\ufffd".encode() in answer.body


def test_marks_are_ours_and_words_stay_words() -> None:
    assert templating.marked("a <b> c", [(2, 5)]) == "a <mark>&lt;b&gt;</mark> c"
    assert templating.marked("", []) == ""
