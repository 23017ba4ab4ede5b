"""A program that works on a database among others: ``python -m tests.store.busy ROLE URL FOLDER [SEED]``.

``record`` writes the exchanges of one seed and prints what is on disk. The other roles do their one thing
over and over until the file ``stop`` is in the folder. Lines that begin with ``!`` tell faults.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from benchmarks.conversation import Conversation
from claude_lens.errors import NotFound, StoreError
from claude_lens.exchange import Exchange
from claude_lens.redact import Redactor
from claude_lens.store import sink as sink_module
from claude_lens.store.maintenance.backup import backup
from claude_lens.store.maintenance.reprice import reprice
from claude_lens.store.maintenance.retention import prune
from claude_lens.store.maintenance.scrub import scrub
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import parse, search
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer import exporting
from claude_lens.store.writing import tagging

LONG_AGO = 1_600_000_000.0
"""Every fourth exchange began then: ``prune`` takes those."""
SECRET = "sk-ant-api03-" + "RECOGNISABLE" * 3


def exchanges(seed: int, count: int) -> Iterator[tuple[Exchange, Exchange]]:
    """The exchanges of a seed, the same ones every time; some hold a secret."""
    told = Conversation(seed, fixed_bytes=3000, new_bytes=600)
    plain = told.text
    numbers = iter(range(10**9))

    def text(size: int) -> str:
        return plain(size) + (f" {SECRET}{seed}" if next(numbers) % 7 == 0 else "")

    told.text = text  # type: ignore[method-assign]
    worker = f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time()}"
    for number, pair in enumerate(told.exchanges(count)):
        changes: dict[str, Any] = {"worker": worker}
        if number % 4 == 0:
            changes["started_at"] = LONG_AGO + number
        arrived, ended = (replace(one, **changes) for one in pair)
        yield arrived, ended


def say(line: str) -> None:
    print(line, flush=True)


def record(url: str, _: Path, seed: int, count: int, done: int) -> None:
    """Write ``count`` exchanges, but for the first ``done``; say ``+ ID`` when one is on disk."""
    sink_module.RETRY_SECONDS = 0.0
    sink = StoreSink(url)
    for number, (arrived, ended) in enumerate(exchanges(seed, count)):
        if number < done:
            continue
        for take, one in ((sink.arrived, arrived), (sink.ended, ended)):
            take(one)
            flush(sink)
        say(f"+ {ended.id}")
    sink.close()


def flush(sink: StoreSink) -> None:
    """Until it is on disk."""
    while True:
        try:
            sink.flush()
            return
        except StoreError as error:
            say(f"waited: {error}" if "locked" in str(error) else f"! {error}")


def checked(url: str, _: Path) -> None:
    with Reader(url) as reader:
        for problem in verify(reader).damage:
            say(f"! verify: {problem}")


def exported(url: str, _: Path) -> None:
    with Reader(url) as reader:
        for one in reader.sessions(3):
            sum(len(line) for line in exporting.jsonl(reader, one["id"]))


def read(url: str, _: Path) -> None:
    with Reader(url) as reader:
        for one in reader.sessions(5):
            reader.agents(one["id"])
        with reader.connect() as connection:
            search(connection, parse("con* OR bare"))


def copied(url: str, folder: Path) -> None:
    target = folder / "copy.db"
    if Reader(url).sessions(1):
        backup(url, target, force=True)
        checked(f"sqlite:///{target}", folder)


def tagged(url: str, _: Path) -> None:
    with Reader(url) as reader:
        for one in reader.sessions(1):
            tagging.change(url, one["id"], add=["busy"], remove=["busy"])


ROLES: dict[str, Callable[[str, Path], object]] = {
    "prune": lambda url, _: prune(url, older_than=LONG_AGO + 10**6),
    "reprice": lambda url, _: reprice(url, lookup=lambda *_: {"input_cost_per_token": time.time() % 7}),
    "scrub": lambda url, _: scrub(url, Redactor()),
    "verify": checked,
    "export": exported,
    "read": read,
    "backup": copied,
    "tag": tagged,
}


def main() -> None:
    role, url, folder, *numbers = sys.argv[1:]
    if role == "record":
        record(url, Path(folder), *map(int, numbers))
        return
    stop = Path(folder) / "stop"
    while True:
        try:
            ROLES[role](url, Path(folder))
        except NotFound:
            # Forgotten since it was listed.
            pass
        except StoreError as error:
            writes = role in ("prune", "reprice", "scrub", "tag")
            say(f"waited: {error}" if writes and "locked" in str(error) else f"! {role}: {error}")
        say(f"{role} done")
        if stop.exists():
            return


if __name__ == "__main__":
    main()
