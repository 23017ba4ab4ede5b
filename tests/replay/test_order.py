from __future__ import annotations

import asyncio

from claude_lens.replay.order import Order
from tests.replay.making import recorded


def test_an_answer_waits_for_what_had_begun_before_its_end() -> None:
    main = recorded(0, "go", started_at=0.0, ended_at=1.0)
    one = recorded(1, "a", agent="a1", started_at=2.0, ended_at=9.0)
    two = recorded(2, "b", agent="a2", started_at=2.1, ended_at=4.0)
    told = recorded(3, "b is done", started_at=4.1, ended_at=5.0)

    async def run() -> list[int]:
        order, ended = Order([main, one, two, told], patience=30), []

        async def answer(which: int) -> None:
            found = (main, one, two, told)[which]
            order.arrived(found)
            await order.before_end(found)
            ended.append(which)
            order.ended(found)

        await answer(0)
        first = asyncio.create_task(answer(1))
        await asyncio.sleep(0.02)
        assert not order.all_before(3)
        await answer(2)
        await asyncio.sleep(0.02)
        assert ended == [0, 2], "the first agent was still at work when the second was told of"
        await answer(3)
        await first
        assert order.all_before(9)
        return ended

    assert asyncio.run(run()) == [0, 2, 3, 1]


def test_answers_without_a_request_in_between_end_together() -> None:
    one = recorded(0, "a", agent="a1", started_at=0.0, ended_at=5.0)
    two = recorded(1, "b", agent="a2", started_at=0.1, ended_at=5.1)

    async def run() -> bool:
        order = Order([one, two], patience=30)
        order.arrived(one)
        order.arrived(two)
        waiting = asyncio.create_task(order.before_end(one))
        await asyncio.sleep(0.02)
        was_waiting = not waiting.done()
        other = asyncio.create_task(order.before_end(two))
        await waiting
        assert not other.done(), "it ends after the first"
        order.ended(one)
        await other
        return was_waiting

    assert asyncio.run(run())


def test_what_never_comes_is_given_up() -> None:
    one = recorded(0, "a", started_at=0.0, ended_at=5.0)
    title = recorded(1, "title", line="auxiliary", started_at=1.0, ended_at=2.0)
    later = recorded(2, "title 2", line="auxiliary", started_at=6.0, ended_at=7.0)

    async def run() -> None:
        order = Order([one, title, later], patience=0.01)
        order.arrived(one)
        await order.before_end(one)
        order.ended(one)
        assert order.all_before(9), "no other of its kind is waited for either"

    asyncio.run(run())


def test_an_end_of_which_nobody_was_told_waits_for_who_was_not_told() -> None:
    one = recorded(0, "a", agent="a1", started_at=0.0, ended_at=5.0)
    two = recorded(1, "b", agent="a2", started_at=0.1, ended_at=4.9)
    told = recorded(2, "a is done", started_at=5.1, ended_at=6.0)

    async def run() -> None:
        order = Order([one, two, told], patience=30, awaits={1: 2})
        order.arrived(one)
        order.arrived(two)
        second = asyncio.create_task(order.before_end(two))
        await asyncio.sleep(0)
        await order.before_end(one)
        order.ended(one)
        await asyncio.sleep(0.02)
        assert not second.done(), "it ended first, and its notice came after the first one's"
        order.arrived(told)
        await second

    asyncio.run(run())
