from __future__ import annotations

import json
from pathlib import Path

import pytest

from claude_lens.errors import UserError
from claude_lens.redact import Redactor
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.queries import Reader
from claude_lens.store.sink import StoreSink
from claude_lens.store.transfer.exporting import jsonl
from claude_lens.store.transfer.importing import read_lines, store
from tests.store.conftest import Make, body_of, message_of
from tests.store.transfer.test_exporting import SESSION, fill
from tests.test_redact import SAMPLES


def test_an_export_comes_back_equal(sink: StoreSink, reader: Reader, make: Make, tmp_path: Path) -> None:
    fill(sink, make)
    lines = list(jsonl(reader, SESSION))
    url = f"sqlite:///{tmp_path}/new.db"
    done = store(url, read_lines(lines, "x"))
    assert (done.read, done.new) == (4, 4)
    assert store(url, read_lines(lines, "x")).new == 0

    with Reader(url) as other:
        again = list(jsonl(other, SESSION))
        assert verify(other).sound
        mine, theirs = reader.show(SESSION), other.show(SESSION)
    # What still ran has been interrupted.
    assert again[1:4] == lines[1:4]
    assert json.loads(again[4])["status"] == "interrupted"
    assert mine["exchanges"][:3] == theirs["exchanges"][:3]
    assert [one["cost_usd"] for one in mine["agents"]] == [one["cost_usd"] for one in theirs["agents"]]


def test_secrets_of_others_stay_outside(sink: StoreSink, reader: Reader, make: Make, tmp_path: Path) -> None:
    secret = SAMPLES[20][1]
    sink.ended(make(body_of(secret), message_of(0)))
    sink.flush()
    url = f"sqlite:///{tmp_path}/new.db"
    store(url, read_lines(jsonl(reader, SESSION), "x"), redactor=Redactor())
    with Reader(url) as other:
        assert secret not in repr(other.show(SESSION))


@pytest.mark.parametrize(
    "lines",
    [
        [b"no json"],
        [b"{}"],
        [b'{"claude-lens": 2}'],
        [b'{"claude-lens": 1}', b"{}"],
        [b'{"claude-lens": 1}', b"", b"[]"],
        [b'{"claude-lens": 1}', b'{"status": "odd"}'],
    ],
)
def test_what_is_no_export_is_named(lines: list[bytes]) -> None:
    with pytest.raises(UserError, match=rf"file:{len(lines)}: "):
        list(read_lines(lines, "file"))


def test_without_bodies(sink: StoreSink, reader: Reader, make: Make, tmp_path: Path) -> None:
    fill(sink, make)
    url = f"sqlite:///{tmp_path}/new.db"
    store(url, read_lines(jsonl(reader, SESSION), "x"), bodies=False)
    with Reader(url) as other:
        assert other.rebuild("last") is None
        assert other.session(SESSION)["exchanges"] == 4
