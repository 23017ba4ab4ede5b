"""The recorder process: every sink gets every exchange, whatever happens to one of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claude_lens.errors import Fault
from claude_lens.exchange import Exchange
from claude_lens.recorder.pipe import ANNOUNCE, Message
from claude_lens.recorder.sinks import SinkFactory
from claude_lens.settings import Settings, load
from claude_lens.spool.reading import Source
from tests.recorder.conftest import arrival, ending
from tests.recorder.playing import Playing, play, written


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


def settings(**changes: str) -> Settings:
    return load({"HOME": "/nonexistent", "CLAUDE_LENS_HOME": "/nonexistent", **changes})


def test_what_still_runs_at_the_end_was_interrupted() -> None:
    sink = Memory()
    told = play(settings(), {"memory": lambda settings: sink}, arrival(1), arrival(2), ending(1))
    assert sink.seen == [
        ("arrived", "1", "running"),
        ("arrived", "2", "running"),
        ("ended", "1", "ok"),
        ("ended", "2", "interrupted"),
    ]
    assert sink.closed
    assert (told[-1]["committed"], told[-1]["running"], told[-1]["recorded"]) == (3, 0, 2)


def test_a_failing_sink_is_counted_and_the_other_gets_everything() -> None:
    good, bad = Memory(), Memory()
    bad.fails = True
    factories: dict[str, SinkFactory] = {"bad": lambda settings: bad, "good": lambda settings: good}
    told = play(settings(), factories, arrival(1), ending(1), arrival(2), ending(2))
    assert [seen[0] for seen in good.seen] == ["arrived", "ended", "arrived", "ended"]
    fault = told[-1]["faults"]["bad"]
    assert fault["count"] == 2
    assert fault["last"] == "OSError: no space left"


def test_strict_raises() -> None:
    bad = Memory()
    bad.fails = True
    with pytest.raises(Fault, match="no space left"):
        play(settings(CLAUDE_LENS_STRICT="1"), {"bad": lambda s: bad}, arrival(1))


def test_an_ending_without_arrival_is_a_fault_of_ours() -> None:
    assert play(settings(), {"memory": lambda _: Memory()}, ending(1))[-1]["faults"]["recorder"]["count"] == 1


def command(source: Source) -> list[str]:
    return [sys.executable, "-m", "claude_lens.recorder", "--journal", str(source.journal.path)]


def test_a_sink_that_prints_does_not_disturb_the_reports(journal: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "home", arrival(1, b"print"))
    process = subprocess.Popen(
        command(source), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = process.communicate(b"", 20)
    assert max(json.loads(line).get("committed", 0) for line in out.splitlines()) == 1
    assert b"hello from a sink" in err


def test_a_sink_that_cannot_open_is_tried_again_and_misses_nothing() -> None:
    sink, tries = Memory(), []

    def factory(settings: Settings) -> Memory:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("the disk is away")
        return sink

    playing = Playing(settings(), {"late": factory})
    playing.handle(arrival(1))
    playing.flush()
    playing.close()
    assert len(tries) == 2
    assert [seen[:2] for seen in sink.seen] == [("arrived", "1"), ("ended", "1")]


def test_a_sink_that_is_switched_off_costs_nothing() -> None:
    told = play(settings(), {"off": lambda settings: None}, arrival(1), ending(1))
    assert told[-1]["sinks"] == []
    assert (told[-1]["faults"], told[-1]["recorded"]) == ({}, 1)


def test_the_process_ignores_signals_and_ends_with_its_input(journal: Path, tmp_path: Path) -> None:
    source = written(tmp_path / "home", arrival(1), ending(1))
    process = subprocess.Popen(command(source), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    lines = iter(process.stdout.readline, b"")
    assert any(json.loads(line).get("sinks") == ["journal"] for line in lines)
    process.stdin.write(b"".join(Message(ANNOUNCE, 1).encoded()))
    process.stdin.flush()
    assert any(json.loads(line).get("committed") == 1 for line in lines)
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.2)
    process.stdin.close()
    process.stdout.read()
    assert process.wait(10) == 0
    process.stdout.close()
    assert [json.loads(line)[0] for line in journal.read_text().splitlines()] == ["arrived", "ended"]


def test_a_sink_that_failed_is_flushed_again_with_nothing_new(journal: Path, tmp_path: Path) -> None:
    lock = Path(f"{journal}.locked")
    lock.touch()
    source = written(tmp_path / "home", *(arrival(number) for number in range(1, 600)))
    process = subprocess.Popen(command(source), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"".join(Message(ANNOUNCE, 1 << 40).encoded()))
    process.stdin.flush()
    lines = iter(process.stdout.readline, b"")
    told = next(line for line in map(json.loads, lines) if line.get("failing"))
    assert told["waiting_for"] == {"journal": "the journal is locked"}
    lock.unlink()
    assert any(json.loads(line).get("committed") == 599 for line in lines)
    numbers = [int(json.loads(line)[1], 16) for line in journal.read_text().splitlines()]
    assert numbers == list(range(1, 600))
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
    sink, plain = Counts(), Memory()
    playing = Playing(settings(), {"counts": lambda _: sink, "plain": lambda _: plain})
    until(lambda: playing.reports()[-1:] and playing.reports()[-1]["counters"] == {"counts": {"idled": 1}})
    sink.fails = True
    until(lambda: playing.reports()[-1]["failing"] == ["counts"])
    assert playing.reports()[-1]["faults"]["counts"]["last"] == "OSError: not today"
    playing.close()
    assert sink.closed
    assert sink.idled >= 2


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
