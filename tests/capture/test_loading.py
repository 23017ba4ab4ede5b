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


def run(build: Callable[[], App]) -> Loading:
    """Load and stop."""
    loading = Loading(build)

    async def live() -> None:
        loading.begin(SCOPE)
        assert loading.state == "loading"
        await asyncio.wait_for(loading.wait("a test"), 20)
        assert await asyncio.wait_for(loading.stop(), 20) is not loading.failed

    asyncio.run(live())
    return loading


def test_a_whole_life() -> None:
    loading = run(Host)
    assert isinstance(loading.app, Host)
    assert loading.app.told == ["lifespan.startup", "lifespan.shutdown"]
    assert loading.app.thread is not threading.main_thread()
    assert SCOPE["state"] == {"known": True}
    assert (loading.failed, loading.importing) == (False, False)


def test_not_before_it_is_needed() -> None:
    loading = Loading(Host, on_demand=True)

    async def live() -> None:
        loading.begin(SCOPE)
        await asyncio.sleep(0)
        assert (loading.state, loading.importing) == ("on_demand", False)
        await asyncio.wait_for(asyncio.gather(loading.wait("one"), loading.wait("another")), 20)
        assert loading.state == "ready"
        assert await asyncio.wait_for(loading.stop(), 20)

    asyncio.run(live())
    assert isinstance(loading.app, Host)
    assert loading.app.told == ["lifespan.startup", "lifespan.shutdown"]


def test_never_needed() -> None:
    loading = Loading(Host, on_demand=True)

    async def live() -> None:
        loading.begin(SCOPE)
        assert await loading.stop() is False

    asyncio.run(live())
    assert (loading.state, loading.app) == ("on_demand", None)


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
    loading = run(build)
    assert (loading.failed, loading.app) == (True, None)
    assert said in caplog.text
    assert "it is tried again in 30 s" in caplog.text


def test_tried_again_until_it_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claude_lens.capture.loading.PAUSES", (0.0, 0.01))
    tries: list[App] = []

    def mends_itself() -> App:
        tries.append(raising() if len(tries) < 3 else Host())
        return tries[-1]

    loading = Loading(mends_itself)

    async def live() -> None:
        loading.begin(SCOPE)
        while loading.app is None:
            await asyncio.wait_for(loading.wait("a test"), 20)
            await asyncio.sleep(0.001)
        assert await asyncio.wait_for(loading.stop(), 20)

    asyncio.run(live())
    assert loading.app is tries[3]
    assert len(tries) == 4


def test_stopped_in_mid_import() -> None:
    began, go = threading.Event(), threading.Event()

    def slow() -> App:
        began.set()
        assert go.wait(20)
        return Host()

    loading = Loading(slow)

    async def live() -> None:
        loading.begin(SCOPE)
        assert await asyncio.to_thread(began.wait, 20)
        assert loading.importing
        assert await loading.stop() is False

    asyncio.run(live())
    go.set()
    assert loading.app is None
