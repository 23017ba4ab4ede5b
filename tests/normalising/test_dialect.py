from claude_lens.normalising.dialect import event_bytes


def test_an_event() -> None:
    assert event_bytes({"a": 1}) == b'data: {"a":1}\n\n'
    assert event_bytes({"a": 1}, "x") == b'event: x\ndata: {"a":1}\n\n'
