"""One run of every case over every way, all at once: the slowest case sets the time it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from tests.conformance.cases import LOGIN, PROVIDER_KEY, PROXY_KEY, TOKEN, Case, answering, table
from tests.conformance.compare import GONE_WITHIN, differences
from tests.conformance.rawhttp import Answered, Pairs, exchange, request_bytes
from tests.conformance.ways import DIRECT, PROXIED, running
from tests.upstream.server import Received, Server

AT_ONCE = 8
LONG = 20.0

Outcomes = dict[str, dict[str, list[str]]]


def run(folder: Path, ways: tuple[str, ...] = PROXIED, only: str = "") -> Outcomes:
    """``{case: {way: differences}}``; ``only`` restricts to cases whose name contains it."""
    cases = [case for case in table() if only in case.name]
    with Server(answering(cases)) as server, running(server.url, folder, ways) as ports:
        one_run = Run(cases, {DIRECT: server.port, **ports}, server)
        asyncio.run(one_run.all())
        assert not server.errors, server.errors
        return {
            case.name: {way: one_run.judge(case, number, way) for way in ways}
            for number, case in enumerate(cases)
        }


def token(number: int, way: str) -> str:
    """What stands for ``@case@`` in a body."""
    return f"case-{number:03d}-{way}"


class Run:
    """All cases over all ways: the long ones at once, the others a few at a time, those that leave last."""

    def __init__(self, cases: list[Case], ports: dict[str, int], server: Server) -> None:
        self._cases = cases
        self._ports = ports
        self._server = server
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._answers: dict[tuple[int, str], Answered] = {}
        self._lingered: set[tuple[int, str]] = set()

    def judge(self, case: Case, number: int, way: str) -> list[str]:
        """What differs from the direct way."""
        received = self._received(number, way)
        body = _body(case, number, way)
        answers = self._answers[number, DIRECT], self._answers[number, way]
        return differences(case, body, *answers, received, lingered=(number, way) in self._lingered)

    async def all(self) -> None:
        """Run everything."""
        rows = list(enumerate(self._cases))
        long = [self._one(n, case, way) for n, case in rows if _is_long(case) for way in self._ports]
        background = asyncio.gather(*long)
        quick = [(n, case) for n, case in rows if not _is_long(case) and case.leave_after is None]
        await asyncio.gather(*(self._in_turn(n, case, way) for n, case in quick for way in self._ports))
        for number, case in rows:
            if case.leave_after is not None:
                await asyncio.gather(*(self._leaving(number, case, way) for way in self._ports))
        await background

    async def _in_turn(self, number: int, case: Case, way: str) -> None:
        async with self._turn:
            await self._one(number, case, way)

    async def _one(
        self, number: int, case: Case, way: str, leave_when: Awaitable[None] | None = None
    ) -> None:
        headers = (*_credentials(case, way), *case.sent.headers)
        wire = request_bytes(
            case.sent.method,
            case.sent.target,
            headers,
            _body(case, number, way),
            f"127.0.0.1:{self._ports[way]}",
        )
        self._answers[number, way] = await exchange(
            self._ports[way], wire, leave_after=case.leave_after, leave_when=leave_when
        )

    async def _leaving(self, number: int, case: Case, way: str) -> None:
        asked = self._arrived(number, way) if case.leave_after == 0 else None
        await self._one(number, case, way, asked)
        await asyncio.sleep(GONE_WITHIN)
        numbers = {request.number for request in self._received(number, way)}
        if not all(outcome.gone for outcome in self._server.outcomes if outcome.number in numbers):
            self._lingered.add((number, way))

    async def _arrived(self, number: int, way: str) -> None:
        while not self._received(number, way):  # noqa: ASYNC110 -- the server has no event to wait for
            await asyncio.sleep(0.02)

    def _received(self, number: int, way: str) -> list[Received]:
        name = token(number, way).encode()
        return [request for request in self._server.requests if name in request.body]


def _body(case: Case, number: int, way: str) -> bytes:
    return case.sent.body.replace(TOKEN.encode(), token(number, way).encode())


def _is_long(case: Case) -> bool:
    pauses = sum(chunk for chunk in case.answer.chunks if not isinstance(chunk, bytes))
    return case.answer.delay + pauses > LONG and case.leave_after is None


def _credentials(case: Case, way: str) -> Pairs:
    if case.sent.login:
        login: Pairs = (("Authorization", f"Bearer {LOGIN}"),)
        return login if way == DIRECT else (*login, ("x-litellm-api-key", PROXY_KEY))
    key = PROVIDER_KEY if way == DIRECT else PROXY_KEY
    bearer = case.sent.key_header == "Authorization"
    return ((case.sent.key_header, f"Bearer {key}" if bearer else key),)
