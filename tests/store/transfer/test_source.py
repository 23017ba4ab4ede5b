from __future__ import annotations

from pathlib import Path

import pytest

from claude_lens.store.transfer import source
from claude_lens.store.transfer.source import Source


def test_lines_and_any_of_them_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'{"a": 1}\n\n[]\n{"b": ' + b"[" * 300 + b"]" * 300 + b'}\n\xff\n{"c": 3}\n{"half')
    passed: list[str] = []
    monkeypatch.setattr(source, "_KEPT", 1)
    with Source(file, passed.append) as one:
        found = list(one.lines())
        assert [value for value, _ in found] == [{"a": 1}, {"c": 3}]
        for value, place in (*found, *found):
            assert one.again(place) == value
        assert passed == [
            f"{file}:3: no JSON object",
            f"{file}:4: nested more than 250 levels deep",
            f"{file}:5: no JSON",
        ]
        file.write_bytes(b"")
        with pytest.raises(ValueError, match="changed while it was read"):
            one.again(found[0][1])
