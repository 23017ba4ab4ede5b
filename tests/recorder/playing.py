"""A recorder in this process, fed frame by frame over a real pipe, as where the disk takes nothing."""

from __future__ import annotations

import io
import os
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from claude_lens.recorder.frames import Arrival, Frame, head_of
from claude_lens.recorder.pipe import ANNOUNCE, INLINE, KEY, Message
from claude_lens.recorder.process import run
from claude_lens.recorder.sinks import SinkFactory
from claude_lens.settings import Settings
from claude_lens.spool.counters import Counters
from claude_lens.spool.journal import Journal
from claude_lens.spool.reading import Source
from claude_lens.spool.records import ARRIVAL, ENDING, KEY_BYTES, Sealer
from claude_lens.spool.writing import JournalWriter


class Playing:
    """Runs a recorder in a thread. ``reports`` are the lines it wrote, newest last."""

    def __init__(self, settings: Settings, factories: Mapping[str, SinkFactory]) -> None:
        self.out = io.BytesIO()
        self._sealer, self._sent = Sealer(bytes(KEY_BYTES)), 0
        self._failed: Exception | None = None
        source, sink = os.pipe()
        self._pipe = os.fdopen(sink, "wb", buffering=0)
        self._journal = Journal(Path(tempfile.gettempdir()) / "none" / f"0-{os.getpid()}")
        self._source = os.fdopen(source, "rb")
        self._thread = threading.Thread(target=self._run, args=(settings, dict(factories)))
        self._say(Message(KEY, first=bytes(KEY_BYTES)))
        self._thread.start()

    def _run(self, settings: Settings, factories: dict[str, SinkFactory]) -> None:
        try:
            run(settings, factories, self._source, self.out, self._journal)
        except Exception as error:
            self._failed = error

    def _say(self, message: Message) -> None:
        self._pipe.write(b"".join(message.encoded()))

    def handle(self, *frames: Frame) -> None:
        """Send frames."""
        for frame in frames:
            self._sent += 1
            kind = ARRIVAL if isinstance(frame, Arrival) else ENDING
            record = self._sealer.seal(kind, self._sent, frame.id, head_of(frame), frame.body)
            self._say(Message(INLINE, self._sent, *record))
        self._say(Message(ANNOUNCE, self._sent))

    def flush(self) -> None:
        """Return once every sink has committed all that was sent. Raises what ended the recorder."""
        deadline = time.monotonic() + 60
        while self._thread.is_alive() and not self._committed():
            assert time.monotonic() < deadline, self.reports()[-1:]
            time.sleep(0.01)
        self._raise()

    def _committed(self) -> bool:
        told = self.reports()
        return bool(told) and told[-1]["committed"] >= self._sent

    def close(self) -> None:
        """End the input and wait for the recorder's end. Raises what ended it."""
        self._pipe.close()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self._source.close()
        self._raise()

    def _raise(self) -> None:
        if self._failed is not None:
            raise self._failed

    def reports(self) -> list[dict[str, Any]]:
        """What the recorder said so far."""
        lines = [line for line in self.out.getvalue().splitlines(keepends=True) if line.endswith(b"\n")]
        return [told for told in map(orjson.loads, lines) if "told" not in told]


def play(settings: Settings, factories: Mapping[str, SinkFactory], *frames: Frame) -> list[dict[str, Any]]:
    """Send frames, end, and return the reports. Raises what ended the recorder."""
    playing = Playing(settings, factories)
    playing.handle(*frames)
    playing.close()
    return playing.reports()


def written(home: Path, *frames: Frame) -> Source:
    """A journal of a proxy that has ended, as its recorder finds it."""
    counters = Counters()
    writer = JournalWriter(home, 1 << 40, counters)
    for number, frame in enumerate(frames, 1):
        kind = ARRIVAL if isinstance(frame, Arrival) else ENDING
        if kind == ARRIVAL:
            counters.passed()
        writer.append(number, writer.sealer.seal(kind, number, frame.id, head_of(frame), frame.body))
    writer.close()
    return Source(writer.journal)
