"""The recorder process: every sink gets every exchange, whatever happens to one of them."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from claude_lens.errors import Fault
from claude_lens.exchange import Exchange
from claude_lens.recorder import process as recorder_process
from claude_lens.recorder.frames import Frame, encode
from claude_lens.recorder.process import Recorder, run
from claude_lens.recorder.sinks import SinkFactory
from claude_lens.settings import Settings, load
from tests.recorder.conftest import arrival, ending


class Memory:
    """A sink that remembers, and fails while told to."""

    name = "memory"

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []
        self.flushed = 0
        self.closed = False
        self.fails = False

    def arrived(self, exchange: Exchange) -> None:
        self.seen.append(("arrived", exchange.id[-1], exchange.status))
        if self.fails:
            raise OSError("no space left")

    def ended(self, exchange: Exchange) -> None:
        self.seen.append(("ended", exchange.id[-1], exchange.status))

    def flush(self) -> None:
        self.flushed += 1

    def close(self) -> None:
        self.closed = True


def stream(*frames: Frame) -> io.BytesIO:
    return io.BytesIO(b"".join(part for frame in frames for part in encode(frame)))


def settings(**changes: str) -> Settings:
    return load({"HOME": "/nonexistent", "CLAUDE_LENS_HOME": "/nonexistent", **changes})


def reports(buffer: io.BytesIO) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) for line in buffer.getvalue().splitlines()]
    return [line for line in lines if "told" not in line]


def test_what_still_runs_at_the_end_was_interrupted() -> None:
    sink, out = Memory(), io.BytesIO()
    run(settings(), {"memory": lambda settings: sink}, stream(arrival(1), arrival(2), ending(1)), out)
    assert sink.seen == [
        ("arrived", "1", "running"),
        ("arrived", "2", "running"),
        ("ended", "1", "ok"),
        ("ended", "2", "interrupted"),
    ]
    assert sink.closed
    assert sum(report["handled"] for report in reports(out)) == 3
    assert reports(out)[-1] | {"running": 0, "recorded": 1} == reports(out)[-1]


def test_a_failing_sink_is_counted_and_the_other_gets_everything() -> None:
    good, bad, out = Memory(), Memory(), io.BytesIO()
    bad.fails = True
    factories: dict[str, SinkFactory] = {"bad": lambda settings: bad, "good": lambda settings: good}
    run(settings(), factories, stream(arrival(1), ending(1), arrival(2), ending(2)), out)
    assert [seen[0] for seen in good.seen] == ["arrived", "ended", "arrived", "ended"]
    fault = reports(out)[-1]["faults"]["bad"]
    assert fault["count"] == 2
    assert fault["last"] == "OSError: no space left"


def test_strict_raises() -> None:
    bad = Memory()
    bad.fails = True
    with pytest.raises(Fault, match="no space left"):
        run(settings(CLAUDE_LENS_STRICT="1"), {"bad": lambda s: bad}, stream(arrival(1)), io.BytesIO())


def test_an_ending_without_arrival_is_a_fault_of_ours() -> None:
    out = io.BytesIO()
    run(settings(), {}, stream(ending(1)), out)
    assert reports(out)[-1]["faults"]["recorder"]["count"] == 1


def test_an_answer_that_cannot_be_understood_still_ends_its_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Exchange:
        raise RecursionError("too deep")

    monkeypatch.setattr(recorder_process, "complete", broken)
    sink, out = Memory(), io.BytesIO()
    run(settings(), {"memory": lambda settings: sink}, stream(arrival(1), ending(1)), out)
    assert sink.seen == [("arrived", "1", "running"), ("ended", "1", "error")]
    assert reports(out)[-1]["faults"]["recorder"]["last"] == "RecursionError: too deep"
    assert reports(out)[-1]["running"] == 0


def test_a_sink_that_prints_does_not_disturb_the_reports(journal: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "claude_lens.recorder"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = process.communicate(b"".join(part for part in encode(arrival(1, b"print"))), 20)
    assert sum(json.loads(line).get("handled", 0) for line in out.splitlines()) == 1
    assert b"hello from a sink" in err


def test_a_sink_that_cannot_open_is_tried_again() -> None:
    sink, tries = Memory(), []

    def factory(settings: Settings) -> Memory:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("the disk is away")
        return sink

    recorder = Recorder(settings(), {"late": factory}, io.BytesIO())
    recorder.handle(arrival(1))
    recorder.flush()
    recorder.handle(arrival(2))
    assert sink.seen == [("arrived", "2", "running")]


def test_a_sink_that_is_switched_off_costs_nothing() -> None:
    out = io.BytesIO()
    run(settings(), {"off": lambda settings: None}, stream(arrival(1), ending(1)), out)
    assert reports(out)[-1]["sinks"] == []
    assert reports(out)[-1]["faults"] == {}


def test_the_process_ignores_signals_and_ends_with_its_input(journal: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "claude_lens.recorder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    first = json.loads(process.stdout.readline())
    assert first["sinks"] == ["journal"]
    process.stdin.write(b"".join(encode(arrival(1))))
    process.stdin.flush()
    assert any(json.loads(line).get("handled") == 1 for line in iter(process.stdout.readline, b""))
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.2)
    process.stdin.write(b"".join(encode(ending(1))))
    process.stdin.close()
    process.stdout.read()
    assert process.wait(10) == 0
    process.stdout.close()
    assert [json.loads(line)[0] for line in journal.read_text().splitlines()] == ["arrived", "ended"]


def test_a_sink_that_failed_is_flushed_again_while_idle(journal: Path) -> None:
    lock = Path(f"{journal}.locked")
    lock.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "claude_lens.recorder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"".join(encode(arrival(1))))
    process.stdin.flush()
    lines = iter(process.stdout.readline, b"")
    assert any(json.loads(line).get("failing") for line in lines)
    lock.unlink()
    assert any(json.loads(line).get("failing") == [] for line in lines)
    assert len(journal.read_text().splitlines()) == 1
    process.stdin.close()
    process.stdout.read()
    process.stdout.close()
    assert process.wait(10) == 0


class Counts(Memory):
    """A sink that counts, and works while nothing comes."""

    idled = 0

    def idle(self) -> None:
        self.idled += 1
        if self.fails:
            raise OSError("not today")

    def counters(self) -> dict[str, Any]:
        return {"idled": self.idled}


def test_counters_are_reported_when_they_change() -> None:
    sink, plain, out = Counts(), Memory(), io.BytesIO()
    recorder = Recorder(settings(), {"counts": lambda _: sink, "plain": lambda _: plain}, out)
    recorder.report()
    assert reports(out)[-1]["counters"] == {"counts": {"idled": 0}}
    recorder.idle()
    assert reports(out)[-1]["counters"] == {"counts": {"idled": 1}}
    sink.fails = True
    recorder.idle()
    last = reports(out)[-1]
    assert (last["failing"], last["faults"]["counts"]["last"]) == (["counts"], "OSError: not today")


def test_sinks_idle_while_nothing_comes() -> None:
    sink = Counts()
    near, far = socket.socketpair()
    with near, far, far.makefile("rb") as source:
        arguments = (settings(), {"counts": lambda _: sink}, source, io.BytesIO())
        thread = threading.Thread(target=run, args=arguments)
        thread.start()
        deadline = time.monotonic() + 10
        while sink.idled < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        near.shutdown(socket.SHUT_WR)
        thread.join(10)
    assert sink.idled >= 2
    assert sink.closed
