"""An app built in a thread, started on the loop, shut down, or failing on the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from claude_lens.capture.asgi import App, Message, Receive, Scope, Send
from claude_lens.capture.loading import Loading

SCOPE: Scope = {"type": "lifespan", "state": {}}


class Host:
    """An ASGI app that notes what it was told, and in which thread it was built."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.thread = threading.current_thread()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["known"] = True
        while not self.told or self.told[-1] != "lifespan.shutdown":
            message = await receive()
            self.told.append(message["type"])
            answer: Message = {"type": f"{message['type']}.complete"}
            await send(answer)


def run(build: Callable[[], App]) -> tuple[Loading, int]:
    """Load and stop; how often a failure was reported."""
    failures: list[None] = []
    loading = Loading(build, lambda: failures.append(None))

    async def live() -> None:
        loading.begin(SCOPE)
        await asyncio.wait_for(loading.wait(), 20)
        assert await asyncio.wait_for(loading.stop(), 20) is not loading.failed

    asyncio.run(live())
    return loading, len(failures)


def test_a_whole_life() -> None:
    loading, failures = run(Host)
    assert isinstance(loading.app, Host)
    assert loading.app.told == ["lifespan.startup", "lifespan.shutdown"]
    assert loading.app.thread is not threading.main_thread()
    assert SCOPE["state"] == {"known": True}
    assert (failures, loading.failed, loading.importing) == (0, False, False)


def broken() -> App:
    raise SystemExit("no such library")


def silent() -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    return app


def raising() -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "lifespan.startup.failed", "message": "as Starlette does"})
        raise ValueError("no such setting")

    return app


@pytest.mark.parametrize(
    ("build", "said"),
    [(broken, "no such library"), (silent, "not completed"), (raising, "no such setting")],
)
def test_what_does_not_start(build: Callable[[], App], said: str, caplog: pytest.LogCaptureFixture) -> None:
    loading, failures = run(build)
    assert (failures, loading.failed, loading.app) == (1, True, None)
    assert said in caplog.text


def test_stopped_in_mid_import() -> None:
    began, go = threading.Event(), threading.Event()

    def slow() -> App:
        began.set()
        assert go.wait(20)
        return Host()

    loading = Loading(slow, lambda: None)

    async def live() -> None:
        loading.begin(SCOPE)
        assert await asyncio.to_thread(began.wait, 20)
        assert loading.importing
        assert await loading.stop() is False

    asyncio.run(live())
    go.set()
    assert loading.app is None
