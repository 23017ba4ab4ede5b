from claude_lens.translation.notes import MOST, Notes


def test_each_once_and_not_too_many() -> None:
    notes = Notes()
    for number in range(MOST + 5):
        notes.add(str(number))
        notes.add(str(number))
    assert notes.all() == tuple(str(number) for number in range(MOST))
