"""Tokens and cost are on one span of a request: the client's where it has them, else ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claude_lens.exchange import Exchange
from claude_lens.tracing import names
from claude_lens.tracing.bounds import Collector
from claude_lens.tracing.identity import Node
from claude_lens.tracing.joined import counted_by_client, parent_of
from claude_lens.tracing.llm import llm_span
from tests.tracing.talk import Talk

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def asked(version: str | None, traceparent: str | None) -> Exchange:
    exchange = Talk().say("go").ask("done")
    block = f"x-anthropic-billing-header: cc_version={version}.f9e; cc_entrypoint=cli;"
    body = {**(exchange.request.json or {}), "system": [{"type": "text", "text": block}] if version else "x"}
    who = replace(exchange.identity, traceparent=traceparent)
    return replace(exchange, identity=who, request=replace(exchange.request, json=body))


@pytest.mark.parametrize(
    ("version", "traceparent", "counted"),
    [
        ("2.1.332", PARENT, True),
        ("2.1.331", PARENT, True),
        ("2.2.0", PARENT, True),
        ("2.1.330", PARENT, False),
        ("2.1.197", PARENT, False),
        (None, PARENT, False),
        ("2.1.332", None, False),
        ("2.1.332", PARENT[:-1] + "0", False),
    ],
)
def test_who_counts(version: str | None, traceparent: str | None, counted: bool) -> None:
    exchange = asked(version, traceparent)
    assert counted_by_client(exchange) is counted
    span = llm_span(exchange, Node(trace_id=1, span_id=2, parent_id=3), Collector())
    figures = [name for name in span.attributes if "token_count" in name or "cost" in name or "usage" in name]
    assert bool(figures) is not counted
    assert span.attributes[names.MODEL_NAME]


def test_the_place_below_the_clients_span() -> None:
    assert parent_of(asked("2.1.332", PARENT)) == (
        int("0af7651916cd43dd8448eb211c80319c", 16),
        int("b7ad6b7169203331", 16),
    )
