"""A sending that takes too long ends its task; many short ones, and waiting between them, do not."""

from __future__ import annotations

import asyncio

import pytest

from claude_lens.capture.patience import Patience


def test_a_sending_that_never_ends() -> None:
    async def stuck() -> bool:
        patience = Patience(0.02)
        patience.begin()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()
        patience.spent()
        # Not cancelled any more: it may go on.
        await asyncio.sleep(0)
        return patience.over

    assert asyncio.run(stuck())


def test_short_ones_and_a_silent_provider() -> None:
    async def fine() -> bool:
        patience = Patience(0.05)
        for _ in range(20):
            patience.begin()
            await asyncio.sleep(0)
            patience.end()
            await asyncio.sleep(0.01)
        patience.close()
        await asyncio.sleep(0.1)
        return patience.over

    assert not asyncio.run(fine())


def test_somebody_elses_cancellation_is_not_ours() -> None:
    async def cancelled() -> bool:
        patience = Patience(60)
        patience.begin()
        task = asyncio.current_task()
        assert task
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(60)
        patience.close()
        return patience.over

    assert not asyncio.run(cancelled())
