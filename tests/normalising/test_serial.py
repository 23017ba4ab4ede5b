from claude_lens.normalising.calls import Delta
from claude_lens.normalising.serial import CallBegins, CallGrows, Piece, Serial, Speech


def shape(pieces: list[Piece]) -> list[str]:
    return [
        piece.kind
        if isinstance(piece, Speech)
        else piece.name
        if isinstance(piece, CallBegins)
        else piece.arguments
        for piece in pieces
    ]


def test_speech_goes_on_at_once_and_a_call_waits_for_the_one_before() -> None:
    serial = Serial()
    assert shape(serial.say("text", {"content": "a"})) == ["text"]
    assert shape(serial.call(Delta(0, "a", "Bash"))) == []
    assert shape(serial.call(Delta(1, "b", "Read"))) == []
    assert shape(serial.call(Delta(0, arguments='{"x"'))) == ["Bash", '{"x"']
    assert shape(serial.call(Delta(1, arguments='{"y": 2}'))) == []
    assert shape(serial.say("text", {"content": "late"})) == []
    assert shape(serial.call(Delta(0, arguments=": 1}"))) == [": 1}", "Read", '{"y": 2}', "text"]
    assert serial.finish() == []


def test_same_index_and_no_ids_are_two_calls() -> None:
    serial = Serial()
    pieces = [*serial.call(Delta(0, "", "Bash", "{}")), *serial.call(Delta(0, "", "Bash", '{"x": 1}'))]
    pieces += serial.finish()
    assert shape(pieces) == ["Bash", "{}", "Bash", '{"x": 1}']
    begun = [piece for piece in pieces if isinstance(piece, CallBegins)]
    assert len({piece.id for piece in begun}) == 2
    assert [piece.number for piece in begun] == [0, 1]


def test_one_id_for_two_indices_is_two_calls_with_two_ids() -> None:
    serial = Serial()
    serial.call(Delta(0, "call", "Bash"))
    serial.call(Delta(1, "call", "Read"))
    serial.call(Delta(1, "call", "", "{}"))
    serial.call(Delta(0, "call", "", '{"x": 1}'))
    assert serial.calls == 2


def test_ids_alone_tell_calls_apart() -> None:
    serial = Serial()
    given = [Delta(0, "a", "Bash", '{"x'), Delta(0, "b", "Read", '{"y'), Delta(0, "a", "", '": 1}')]
    pieces = [piece for delta in given for piece in serial.call(delta)]
    pieces += [*serial.call(Delta(0, "b", "Read", '": 2}')), *serial.finish()]
    grown = ["", ""]
    for piece in pieces:
        if isinstance(piece, CallGrows):
            grown[piece.number] += piece.arguments
    assert grown == ['{"x": 1}', '{"y": 2}']
