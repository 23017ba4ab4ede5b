"""What differs between a way and the direct one, in words that stay the same from run to run."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from claude_lens.capture.headers import HOP_BY_HOP
from claude_lens.wire.encoding import decode_body
from tests.conformance.cases import LOGIN, PAUSE, PROXY_KEY, Case
from tests.conformance.rawhttp import Answered, Pairs
from tests.upstream import Received

KEY_HEADERS = ("authorization", "x-api-key", "x-litellm-api-key")
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
HOPS = {name.decode() for name in HOP_BY_HOP}
PER_RUN = ("x-litellm-", "llm_provider-")
GONE_WITHIN = 1.0


def differences(
    case: Case,
    body: bytes,
    direct: Answered,
    answered: Answered,
    received: list[Received],
    *,
    lingered: bool,
) -> list[str]:
    """Everything in which this way is not the direct one; empty where it cannot be told from it."""
    if case.holds:
        return case.holds(answered)
    if len(received) != 1:
        return [f"{len(received)} upstream requests", *_response(case, direct, answered)]
    found = _request(case, body, received[0])
    if case.leave_after is not None:
        return [*found, *(["the upstream works on for nobody"] if lingered else [])]
    return [*found, *_response(case, direct, answered)]


def _request(case: Case, body: bytes, received: Received) -> list[str]:
    found = []
    if received.target.partition("?")[0] != case.sent.target.partition("?")[0]:
        found.append("path")
    if received.query != case.sent.target.partition("?")[2]:
        found.append("query")
    if received.body != body:
        same = received.json == Received(0, "", "", (), body, 0).json
        found.append("body bytes" if same else "body")
    stop = {*HOPS, *KEY_HEADERS, "host", "content-length"}
    found += _pairs("request header", _kept(case.sent.headers, stop), _kept(received.headers, stop))
    if case.sent.login and received.header("authorization") != f"Bearer {LOGIN}":
        found.append("the login's token")
    if any(PROXY_KEY in value for _, value in received.headers):
        found.append("the proxy's key goes upstream")
    return found


def _response(case: Case, direct: Answered, answered: Answered) -> list[str]:
    found = []
    if direct.status != answered.status:
        found.append(f"status {direct.status} is {answered.status}")
    # A length beside the body says nothing more where the other way frames it in chunks.
    stop = {*HOPS, "date", "server"}
    if "content-length" not in dict(_kept(direct.headers, stop)) or case.answer.ending != "end":
        stop.add("content-length")
    found += _pairs("response header", _kept(direct.headers, stop), _kept(answered.headers, stop))
    if direct.body != answered.body:
        found.append(_how(direct, answered))
    if direct.cut != answered.cut:
        found.append("the cut is hidden" if direct.cut else "cut")
    if _steps(direct) > _steps(answered):
        found.append("held back")
    return found


def _how(direct: Answered, answered: Answered) -> str:
    if decode_body(direct.body, direct.header("content-encoding")) == answered.body:
        return "response body unpacked"
    if answered.body.replace(PING, b"") == direct.body:
        return "response body with pings added"
    return "response body"


def _kept(pairs: Pairs, stop: set[str]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in pairs if name.lower() not in stop]


def _pairs(what: str, want: list[tuple[str, str]], have: list[tuple[str, str]]) -> list[str]:
    if want == have:
        return []
    missing, added = Counter(want) - Counter(have), Counter(have) - Counter(want)
    lost, new = {name for name, _ in missing}, {_short(name) for name, _ in added}
    found = [f"{what} {name} changed" for name in sorted(lost & new)]
    found += [f"{what} {name} lost" for name in sorted(lost - new)]
    found += [f"{what} {name} added" for name in sorted(new - lost)]
    return found or [f"{what}s in another order"]


def _short(name: str) -> str:
    return next((f"{prefix}*" for prefix in PER_RUN if name.startswith(prefix)), name)


def _steps(answered: Answered) -> int:
    """In how many bursts, half a planned pause apart, the body came."""
    times = [at for at, size in answered.arrivals if size]
    return sum(later - earlier > PAUSE / 2 for earlier, later in pairwise(times))
