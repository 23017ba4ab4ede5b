"""A sample of the comparison with LiteLLM alone; `make differences` runs all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from claude_lens.wire import sse
from tests.conformance.rawhttp import Answered
from tests.harness import Proxy
from tests.providers.differences import report
from tests.providers.differences.compare import Got, differences
from tests.providers.differences.corpus import sample, table
from tests.providers.differences.kinds import KINDS, kind_of
from tests.providers.differences.run import run as run_both
from tests.providers.differences.run import stock
from tests.upstream import Provider, Received

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stock_port(
    provider: Provider, all_formats: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    with stock(tmp_path_factory.mktemp("stock"), provider.url, all_formats.config) as port:
        yield port


def test_no_difference_is_new(stock_port: int, formats: Proxy, upstream: Provider) -> None:
    outcomes = run_both(sample(), upstream, stock_port, formats.port)
    assert report.unlisted(outcomes) == []
    # The comparison sees: stock loses one of two calls, and hides that an answer was broken off.
    found = {case.name: labels for case, labels in outcomes if case.format == "chat"}
    assert "client content: tool_use is tool_use, tool_use" in found["two whole calls in one chunk"]
    assert "client cut: shown" in found["ends cleanly in text"]


def test_nothing_else_is_worse() -> None:
    worse = [(kind.patterns, kind.formats) for kind in KINDS if kind.verdict == "worse"]
    assert worse == [(("lost include[]",), ("responses",))]
    assert all(kind.text.endswith(".") and kind.formats and kind.patterns for kind in KINDS)


def test_the_page_tells_of_every_kind() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    assert [kind.text for kind in KINDS if f"- {kind.text}\n" not in page] == [], "run `make differences`"
    assert f"{len(table())} cases" in page, "run `make differences`"


def test_what_nobody_foresaw_is_a_new_kind() -> None:
    assert kind_of("chat", "provider lost messages[].role") is None
    assert kind_of("gemini", "client stop_reason: tool_use is end_turn") is None
    assert kind_of("chat", "client content: tool_use, tool_use is nothing") is None


def test_differences_are_told_by_path() -> None:
    def got(body: bytes, answer: bytes, status: int = 200) -> Got:
        headers = (("content-type", "application/json"),)
        received = Received(0, "POST", "/v1/chat/completions", headers, body, 0)
        return Got((received,), Answered(status, headers, answer))

    before = got(b'{"a": [{"b": 1, "c": 2}], "x": {}}', b'{"content": [{"type": "text", "text": "a"}]}')
    after = got(b'{"a": [{"b": 2}, {"d": 2}], "x": {}}', b'{"content": [{"type": "text", "text": "b"}]}')
    changed = ["provider lost a[].c", "provider added a[].d", "provider changed a[].b"]
    assert differences(before, after) == [*changed, "client content: other words"]
    assert differences(before, before) == []
    failed = got(b"{}", b'{"error": {"type": "api_error", "message": "litellm.X: no"}}', 500)
    assert "client error: api_error in LiteLLM words is none" in differences(failed, before)
    assert sse.fold(b"").message is None
