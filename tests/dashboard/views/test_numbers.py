"""Numbers, and where they lead."""

from __future__ import annotations

import csv
import io
import re
import time
from html import unescape

import pytest
from starlette.testclient import TestClient

from claude_lens.exchange import Cost, Model
from claude_lens.settings import Settings
from claude_lens.store.maintenance.digest import work_out
from claude_lens.store.sink import StoreSink
from tests.dashboard.conftest import text_of
from tests.dashboard.test_conversation import said, use, user
from tests.findings.planted import Talk, used
from tests.findings.planted import said as said_text
from tests.store.conftest import Make


def keep(sink: StoreSink, make: Make) -> None:
    """Three exchanges of today on two models, one of ten days ago, one of a year ago; one failed."""
    now = time.time()
    haiku = Model(requested="claude-haiku-4-5", routed="claude-haiku-4-5", provider="anthropic")
    body = {"messages": [user("go")]}
    for at, more in (
        (now, {}),
        (now - 1, {"model": haiku, "cost": Cost(usd=1.0)}),
        (now - 2, {"status": "error", "http_status": 529, "cost": Cost(), "usage": None}),
        (now - 10 * 86400, {"cost": Cost(usd=2.0)}),
        (now - 400 * 86400, {"cost": Cost(usd=100.0)}),
    ):
        sink.ended(make(body, said("x", use("Bash", "t", command="ls")), at=at, **more))
    sink.flush()


def links(text: str) -> list[str]:
    """Where the numbers of the charts' tables lead."""
    tables = "".join(re.findall(r'<table class="plain-table">.*?</table>', text, re.DOTALL))
    return [unescape(found) for found in re.findall(r'<a href="(/exchanges\?[^"]*)">', tables)]


def test_an_empty_store_says_so(client: TestClient) -> None:
    assert "Nothing in this range" in client.get("/numbers/sums").text


@pytest.mark.parametrize(
    ("query", "cost", "requests"),
    [
        ("", "$3.2500", 4),
        ("range=24h", "$1.2500", 3),
        ("range=all", "$103.25", 5),
        ("range=nonsense", "$3.2500", 4),
        ("model=claude-haiku-4-5", "$1.0000", 1),
        ("project=/nowhere&range=all", None, 0),
    ],
)
def test_ranges_and_choices(
    client: TestClient, make: Make, sink: StoreSink, query: str, cost: str | None, requests: int
) -> None:
    keep(sink, make)
    words = text_of(client.get(f"/numbers/sums?{query}"))
    if cost is None:
        assert "Nothing in this range" in words
    else:
        assert f"Cost {cost} Requests {requests}" in words


def test_it_opens_on_the_smallest_range_that_has_something(
    client: TestClient, make: Make, sink: StoreSink
) -> None:
    def opens(query: str = "") -> str:
        found = re.search(r'hx-get="/numbers/sums\?([^"]*)"', client.get(f"/numbers{query}").text)
        assert found is not None
        return unescape(found[1])

    assert opens() == "range=30d"
    for days, span in ((200, "all"), (40, "90d"), (3, "7d"), (0.1, "24h")):
        sink.ended(make({"messages": []}, {"role": "assistant"}, at=time.time() - days * 86_400))
        sink.flush()
        assert opens() == f"range={span}"
    assert opens("?range=90d") == "range=90d"
    assert opens("?project=/nowhere") == "project=%2Fnowhere&range=30d"
    assert opens("?since=2026-01-01") == "since=2026-01-01"


@pytest.mark.parametrize(
    "by", ["day", "hour", "model", "provider", "project", "branch", "session", "agent", "tool", "class"]
)
def test_every_grouping(client: TestClient, make: Make, sink: StoreSink, by: str) -> None:
    keep(sink, make)
    answer = client.get(f"/numbers/sums?by={by}&range=7d")
    assert answer.status_code == 200
    assert f"By {by}" in answer.text


def test_every_number_of_a_chart_leads_to_the_exchanges_behind_it(
    client: TestClient, make: Make, sink: StoreSink
) -> None:
    keep(sink, make)
    found = links(client.get("/numbers/sums?range=30d").text)
    assert len(found) >= 5
    for link in found:
        assert client.get(link).text.count('<tr class="row') >= 1, link
    haiku = next(link for link in found if "haiku" in link)
    assert client.get(haiku).text.count('<tr class="row') == 1
    wrong = next(link for link in found if "status=error" in link)
    assert client.get(wrong).text.count('<tr class="row') == 1


def test_days_of_ones_own(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make)
    assert "Nothing in this range" in client.get("/numbers/sums?since=2001-01-01&until=2001-12-31").text
    assert client.get("/numbers/sums?since=2001-01-01").status_code == 200
    bad = client.get("/numbers/sums?since=nonsense")
    assert bad.status_code == 400
    assert "nonsense" in bad.text


def test_the_page_asks_for_its_sums(client: TestClient) -> None:
    text = client.get("/numbers?by=agent&range=7d&project=%3Cb%3E").text
    assert 'hx-get="/numbers/sums?by=agent&amp;range=7d&amp;project=%3Cb%3E"' in text
    assert "<bdi>&lt;b&gt;</bdi>" in text
    assert client.get("/numbers?since=nonsense").status_code == 400


def test_csv_is_what_the_page_says(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make)
    answer = client.get("/numbers.csv?by=model&range=all")
    assert answer.headers["content-disposition"].endswith('"claude-lens-model.csv"')
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows["claude-haiku-4-5"]["cost_usd"] == "1.0"
    assert rows["claude-opus-5-5"]["requests"] == "4"


def test_csv_cells_are_no_formulas(client: TestClient, make: Make, sink: StoreSink) -> None:
    sink.ended(make({"messages": [user("x")]}, said("x"), project='=HYPERLINK("https://evil.example")'))
    sink.flush()
    answer = client.get("/numbers.csv?by=project&range=all")
    assert "'=HYPERLINK" in answer.text


def test_tools_and_limits(client: TestClient, make: Make, sink: StoreSink) -> None:
    from claude_lens.exchange import Response

    keep(sink, make)
    headers = (("anthropic-ratelimit-unified-5h-utilization", "0.42"),)
    answer = said("x")
    body = {"messages": [user("x")]}
    sink.ended(
        make(body, answer, at=time.time(), response=Response(headers=headers, body=b"event: x", json=answer))
    )
    sink.flush()
    words = text_of(client.get("/numbers/tools"))
    assert "unified-5h-utilization 0.42" in words
    assert "Bash" in words
    for link in links(client.get("/numbers/tools?range=7d").text):
        assert client.get(link).text.count('<tr class="row') >= 1, link


def test_what_missed_the_cache_is_told_by_cause_and_agent(
    client: TestClient, make: Make, sink: StoreSink, settings: Settings
) -> None:
    talk = Talk(sink, make, "s")
    talk.turn("first", [said_text("a")], used(0, 80_000))
    talk.at += 840
    talk.turn("second", [said_text("b")], used(0, 80_100))
    sink.flush()
    work_out(settings.database_url)
    words = text_of(client.get("/numbers/tools?range=all"))
    assert "By cause Cause Cost Tokens Requests expired $0.2760 80.0k 1" in words
    assert "By agent Agent Cost Tokens Requests main $0.2760 80.0k 1" in words
    assert "By cause" not in text_of(client.get("/numbers/tools?range=24h"))
    assert "By cause" not in text_of(client.get("/numbers/tools?range=all&model=claude-sonnet-4-5"))


@pytest.mark.parametrize("payload", ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_hostile_names_stay_names(client: TestClient, make: Make, sink: StoreSink, payload: str) -> None:
    model = Model(requested=payload, routed=payload, provider=payload)
    call = use(payload, "t", command="ls")
    sink.ended(make({"messages": [user("x")]}, said("x", call), at=time.time(), model=model))
    sink.flush()
    for path in ("/numbers/sums?by=model", "/numbers/tools"):
        text = client.get(path).text
        assert "<script" not in text
        assert "<img" not in text
        assert "alert(1)" in text
