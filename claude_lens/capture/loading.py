"""LiteLLM on its way, at once or once it is needed: imported in a thread, then started on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import itertools
import logging
import threading
from collections.abc import Callable
from typing import Literal

from claude_lens.capture.asgi import App, Message, Scope, Send

log = logging.getLogger("uvicorn.error")


class LoadError(Exception):
    """LiteLLM ended its start-up without an exception of its own."""


State = Literal["on_demand", "loading", "ready", "failed"]
PAUSES = (30.0, 120.0, 300.0)
"""Seconds before the next try, by how many have failed; the last for all that follow."""


class Loading:
    """``build`` imports LiteLLM and returns its app; where that or its start fails, it is tried again.

    ``on_demand``: not before somebody waits for it. ``app`` is None until requests can be given to it.
    ``importing`` tells whether the import is under way, which cannot be broken off, only left alone.
    ``failed``: the last try did, and the next has not begun.
    """

    def __init__(self, build: Callable[[], App], *, on_demand: bool = False) -> None:
        self._build = build
        self._on_demand = on_demand
        self._begin: Callable[[], None] = lambda: None
        self._settled = asyncio.Event()
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.importing = False
        self.app: App | None = None
        self.failed = False

    @property
    def state(self) -> State:
        """How far it is, as ``/health`` tells it."""
        if self.app is not None:
            return "ready"
        if self.failed:
            return "failed"
        return "loading" if self._task else "on_demand"

    def begin(self, scope: Scope) -> None:
        """Start loading, now or on demand.

        ``scope`` is that of the server's lifespan, whose state LiteLLM's requests carry.
        """
        # Not in the context of the request that happens to need it first.
        context = contextvars.copy_context()

        def start() -> None:
            self.importing = True
            self._task = asyncio.get_running_loop().create_task(self._run(scope), context=context)

        self._begin = start
        if not self._on_demand:
            start()

    async def wait(self, why: str) -> None:
        """Return once ``app`` is there or ``failed`` is true; begins it, for the reason ``why``."""
        if self._task is None:
            log.info("claude-lens: LiteLLM is being loaded: %s needs it", why)
            self._begin()
        await self._settled.wait()

    async def stop(self) -> bool:
        """Shut LiteLLM's app down; false where it never came so far as to have anything to shut down."""
        if self._task is None or self.importing:
            return False
        await self._settled.wait()
        if self.failed:
            self._task.cancel()
            return False
        await self._told.put({"type": "lifespan.shutdown"})
        await self._task
        return True

    async def _run(self, scope: Scope) -> None:
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            try:
                await self._live(scope)
                return
            except Exception as error:
                if self.app is not None:
                    log.error("LiteLLM's shutdown failed", exc_info=error)
                    return
                said = "LiteLLM could not be loaded: %s; it is tried again in %g s"
                log.error(said, error, pause, exc_info=error)
            # What LiteLLM's start turns off.
            gc.enable()
            self.failed = True
            self._settled.set()
            await asyncio.sleep(pause)
            self.importing = True
            self.failed = False
            self._settled.clear()
            self._told = asyncio.Queue()

    async def _live(self, scope: Scope) -> None:
        """LiteLLM's whole life: its lifespan must be left in the task that entered it."""
        app = await self._imported()
        await self._told.put({"type": "lifespan.startup"})
        await app(scope, self._told.get, self._hear(app))
        if not self._settled.is_set():
            raise LoadError("its start-up was not completed")

    def _hear(self, app: App) -> Send:
        async def hear(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self.app = app
                self._settled.set()

        return hear

    async def _imported(self) -> App:
        loop = asyncio.get_running_loop()
        made: asyncio.Future[App] = loop.create_future()

        def settle(outcome: Callable[[], None]) -> None:
            # The loop may be gone where the proxy was told to stop meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(outcome)

        def work() -> None:
            try:
                app = self._build()
            except BaseException as error:
                problem = error if isinstance(error, Exception) else LoadError(repr(error))
                self.importing = False
                settle(lambda: made.set_exception(problem))
            else:
                self.importing = False
                settle(lambda: made.set_result(app))

        # A daemon, since nobody should wait for it at the end.
        threading.Thread(target=work, name="claude-lens-loading", daemon=True).start()
        return await made
