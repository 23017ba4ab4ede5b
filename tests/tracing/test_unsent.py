import json
from pathlib import Path

from claude_lens.tracing.unsent import Note, Unsent, left, waiting


def test_a_note_is_left_by_those_who_end_and_by_nobody_who_sent_all(tmp_path: Path) -> None:
    mine = Unsent(tmp_path, "1")
    mine.put(Note(5.0, 3, "no connection"))
    assert list(left(tmp_path)) == []
    assert waiting(tmp_path) is None
    mine.put(Note(6.0, 2, "no connection"))
    mine.close()
    ((path, note),) = left(tmp_path)
    assert note == Note(6.0, 2, "no connection")
    assert path.stat().st_mode & 0o777 == 0o600
    assert waiting(tmp_path) == (
        "2 spans wait for the tracing backend (no connection); they are sent after the next start"
    )
    other = Unsent(tmp_path, "2")
    other.put(Note(1.0))
    other.put(None)
    assert [found for _, found in left(tmp_path)] == [note]


def test_what_is_no_note_is_passed_over(tmp_path: Path) -> None:
    for number, text in enumerate(("", "[]", '{"since": "x"}', "{")):
        (tmp_path / f"untraced-{number}.json").write_text(text)
    (tmp_path / "untraced-9.json").write_text(json.dumps({"since": 2}))
    assert [note for _, note in left(tmp_path)] == [Note(2.0)]


def test_a_home_that_cannot_be_written_costs_the_note_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    mine = Unsent(tmp_path / "file" / "home", "1")
    mine.put(Note(5.0))
    assert mine.note is None
    mine.close()
