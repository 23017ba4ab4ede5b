"""Gives the client the recorded prompts: one process a prompt with ``-p``, or typed in a terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from claude_lens.errors import HostError
from claude_lens.replay import client
from claude_lens.replay.keyboard import Keyboard
from claude_lens.replay.record import Prompt, Record
from claude_lens.replay.server import Server

_STOP: Final = 5.0
_SETTLED: Final = 0.8
_RETURNS: Final = 5
_TAKEN: Final = 6.0
_STARTED: Final = 60.0
_TOLD: Final = 400


@dataclass(slots=True, kw_only=True)
class Driver:
    """Runs the client against ``server``. ``idle``: seconds without a request after which it is ended.

    ``environ`` gives the client's environment for a prompt. Afterwards ``said`` is what it printed, ``code``
    its exit code.
    """

    program: str
    server: Server
    record: Record
    folder: Path
    settings_file: Path
    environ: Callable[[Prompt | None], dict[str, str]]
    more: Sequence[str] = ()
    idle: float = 120.0
    said: str = ""
    code: int = 0

    def run(self, prompts: Sequence[Prompt]) -> int:
        """Play all prompts; the client's exit code. Raises :class:`HostError` where it could not start."""
        typed = self.record.interactive and all(one.content is None for one in prompts)
        self.code = self._typed(prompts) if typed else self._printed(prompts)
        return self.code

    def _printed(self, prompts: Sequence[Prompt]) -> int:
        code, session = 0, None
        for prompt in prompts:
            command, given = client.print_command(
                self.program, prompt, self.settings_file, session, self.more
            )
            before = self.server.seen.requests
            code, output, errors = self._one(command, given, self.environ(prompt))
            self.said = output
            session = self.server.seen.session_id or session
            if self.server.stopped is not None:
                return code
            if self.server.seen.requests == before:
                told = (errors.strip() or output.strip() or "nothing")[-_TOLD:]
                raise HostError(f"{self.program} asked for nothing and ended with code {code}: {told}")
        return code

    def _one(
        self, command: Sequence[str], given: bytes | None, environ: dict[str, str]
    ) -> tuple[int, str, str]:
        with contextlib.ExitStack() as stack:
            out = stack.enter_context((self.settings_file.parent / "out").open("w+b"))
            err = stack.enter_context((self.settings_file.parent / "err").open("w+b"))
            process = subprocess.Popen(
                command,
                env=environ,
                cwd=self.folder,
                stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            try:
                if given is not None and process.stdin is not None:
                    with contextlib.suppress(BrokenPipeError):
                        process.stdin.write(given)
                    process.stdin.close()
                self._await(process)
            finally:
                _end(process)
            texts: list[Any] = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode("utf-8", "replace"))
        return process.returncode, texts[0], texts[1]

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        begun = time.monotonic()
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
            if self.server.stopped is not None:
                return
            if min(self.server.quiet_for(), time.monotonic() - begun) > self.idle:
                raise HostError(f"the client has asked nothing for {self.idle:.0f} s: it was ended")

    def _typed(self, prompts: Sequence[Prompt]) -> int:
        first = prompts[0] if prompts else None
        command = client.typed_command(self.program, self.settings_file, self.more)
        with Keyboard(command, self.environ(first), self.folder) as keyboard:
            if not keyboard.wait(lambda: bool(keyboard.tail) and keyboard.quiet_for() > _SETTLED, _STARTED):
                raise HostError(f"{self.program} did not come up in a terminal within {_STARTED:.0f} s")
            for prompt in prompts:
                self._await_turn(keyboard, prompt.before)
                if self.server.stopped is not None:
                    return 0
                self._enter(keyboard, prompt.words)
            self._await_turn(keyboard, len(self.record.requests) + 1)
            if self.server.stopped is not None:
                return 0
            keyboard.type("/exit")
            for _ in range(_RETURNS):
                keyboard.press()
                if keyboard.wait(lambda: keyboard.code() is not None, _STOP):
                    break
            return keyboard.code() or 0

    def _await_turn(self, keyboard: Keyboard, order: int) -> None:
        """Until everything that came before is over, and the client waits for its human."""

        def ready() -> bool:
            if self.server.stopped is not None:
                return True
            over = order == 0 or self.server.all_before(order)
            # What was recorded and does not come now is not waited for.
            patience = _SETTLED if over else 10 * _SETTLED
            return self.server.quiet_for() > patience and keyboard.quiet_for() > _SETTLED / 2

        keyboard.wait(ready, self.idle)

    def _enter(self, keyboard: Keyboard, words: str) -> None:
        before = self.server.seen.requests
        keyboard.type(words)
        # A client that is busy takes a return that follows at once for a line of what is pasted.
        for _ in range(_RETURNS):
            keyboard.press()
            if keyboard.wait(lambda: self.server.seen.requests > before, _TAKEN):
                return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a client and what it has started."""
    if process.poll() is None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP)
                return
