"""Positions are whole whatever happens while they are written."""

from __future__ import annotations

from pathlib import Path

from claude_lens.spool.positions import SLOT, Position, Positions, read


def test_positions_come_back(tmp_path: Path) -> None:
    file = Positions(tmp_path / "positions")
    file.save()
    assert not file.kept
    file.open()
    file.lanes["store"] = Position(
        seq=3, segment=1, offset=90, stored=2, open={"00": [1, 1, 0]}, reason="locked"
    )
    file.save()
    file.lanes["store"].seq = 4
    file.save()
    file.close()
    found = read(tmp_path / "positions")
    assert found == {"store": Position(4, 1, 90, 2, open={"00": [1, 1, 0]}, reason="locked")}
    again = Positions(tmp_path / "positions")
    again.open()
    assert again.lanes == found
    again.close()
    assert (tmp_path / "positions").stat().st_size == 2 * SLOT
    assert read(tmp_path / "none") == {}


def test_a_torn_slot_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "positions"
    file = Positions(path)
    file.open()
    for seq in (1, 2, 3):
        file.lanes["store"] = Position(seq=seq)
        file.save()
    file.close()
    data = bytearray(path.read_bytes())
    for slot in (0, SLOT):
        torn = bytearray(data)
        torn[slot + 20] ^= 1
        path.write_bytes(torn)
        assert read(path)["store"].seq == (3 if slot == 0 else 2)


def test_thousands_of_open_exchanges_still_fit(tmp_path: Path) -> None:
    file = Positions(tmp_path / "positions")
    file.open()
    many = {f"{number:016x}": [number, 10**9, 10**7] for number in range(30_000)}
    file.lanes["store"] = Position(seq=9, open=many)
    file.save()
    file.close()
    kept = read(tmp_path / "positions")["store"]
    assert kept.seq == 9
    assert 2000 < len(kept.open) < 30_000
    assert f"{29_999:016x}" in kept.open
