import json

import pytest

from claude_lens.normalising.calls import Arguments, Call, Delta, arguments_of, new_id


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_arguments_are_whole_when_the_object_closes(size: int) -> None:
    text = json.dumps({"a": 'quote " and \\ brace }', "b": [{"c": "\\"}]})
    followed = Arguments()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    for piece in pieces[:-1]:
        followed.follow(piece)
        assert not followed.whole
    followed.follow(pieces[-1])
    assert followed.whole


def test_a_name_grows_until_arguments_begin() -> None:
    call = Call(0)
    for piece in ("Ba", "sh", "Bash"):
        call.take(Delta(name=piece))
    assert (call.name, call.ready(last=False)) == ("Bash", False)
    call.take(Delta(id="c", name="Bash", arguments='{"x"'))
    call.take(Delta(name="Other", arguments=": 1}"))
    assert (call.name, call.id, call.ready(last=False), call.whole) == ("Bash", "c", True, True)
    assert call.written() == '{"x": 1}'
    assert call.written() == ""


def test_an_empty_object_may_stand_for_what_comes() -> None:
    call = Call(0)
    call.take(Delta(name="Bash", arguments="{}"))
    assert not call.ready(last=False)
    call.take(Delta(arguments='{"x": 1}'))
    call.take(Delta(arguments='{"x": 1}'))
    assert call.written() == '{"x": 1}'


def test_arguments_of_every_form() -> None:
    assert [arguments_of(value) for value in ('{"a":1}', {"a": 1}, None)] == ['{"a":1}', '{"a":1}', ""]
    call = Call(0)
    call.take(Delta(name="x", arguments="null"))
    assert call.written() == ""
    assert new_id() != new_id()
