"""One run of every case over every way, all at once: the slowest case sets the time it takes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.conformance.cases import LOGIN, PROVIDER_KEY, PROXY_KEY, TOKEN, Case, answering, table
from tests.conformance.compare import GONE_WITHIN, differences
from tests.conformance.rawhttp import Answered, Pairs, exchange, request_bytes
from tests.conformance.ways import DIRECT, PROXIED, running
from tests.upstream.server import Server

AT_ONCE = 8
LONG = 20.0

Outcomes = dict[str, dict[str, list[str]]]


def run(folder: Path, ways: tuple[str, ...] = PROXIED, only: str = "") -> Outcomes:
    """``{case: {way: differences}}``; ``only`` restricts to cases whose name contains it."""
    cases = [case for case in table() if only in case.name]
    with Server(answering(cases)) as server, running(server.url, folder, ways) as ports:
        ports = {DIRECT: server.port, **ports}
        answers = asyncio.run(_all(cases, ports))
        found: Outcomes = {}
        for number, case in enumerate(cases):
            found[case.name] = {way: _judge(case, number, way, answers, server) for way in ways}
        assert not server.errors, server.errors
        return found


def _judge(
    case: Case, number: int, way: str, answers: dict[tuple[int, str], Answered], server: Server
) -> list[str]:
    name = token(number, way).encode()
    received = [request for request in server.requests if name in request.body]
    numbers = {request.number for request in received}
    outcomes = [outcome for outcome in server.outcomes if outcome.number in numbers]
    body = case.sent.body.replace(TOKEN.encode(), name)
    return differences(case, body, answers[number, DIRECT], answers[number, way], received, outcomes)


def token(number: int, way: str) -> str:
    """What stands for ``@case@`` in a body."""
    return f"case-{number:03d}-{way}"


async def _all(cases: list[Case], ports: dict[str, int]) -> dict[tuple[int, str], Answered]:
    turn = asyncio.Semaphore(AT_ONCE)
    slow = asyncio.Semaphore(1000)

    async def one(number: int, case: Case, way: str) -> tuple[tuple[int, str], Answered]:
        async with slow if _waits(case) else turn:
            body = case.sent.body.replace(TOKEN.encode(), token(number, way).encode())
            headers = (*_credentials(case, way), *case.sent.headers)
            wire = request_bytes(case.sent.method, case.sent.target, headers, body, "gateway.example")
            answered = await exchange(ports[way], wire, leave_after=case.leave_after)
            if case.leave_after is not None:
                await asyncio.sleep(GONE_WITHIN)
            return (number, way), answered

    work = [one(number, case, way) for number, case in enumerate(cases) for way in ports]
    return dict(await asyncio.gather(*work))


def _waits(case: Case) -> bool:
    pauses = sum(chunk for chunk in case.answer.chunks if not isinstance(chunk, bytes))
    return case.answer.delay + pauses > LONG and case.leave_after is None


def _credentials(case: Case, way: str) -> Pairs:
    if case.sent.login:
        login: Pairs = (("Authorization", f"Bearer {LOGIN}"),)
        return login if way == DIRECT else (*login, ("x-litellm-api-key", PROXY_KEY))
    key = PROVIDER_KEY if way == DIRECT else PROXY_KEY
    bearer = case.sent.key_header == "Authorization"
    return ((case.sent.key_header, f"Bearer {key}" if bearer else key),)
