"""Files changed, in a terminal. What the real client changed: tests/store/happened/test_files.py."""

import json
from typing import Any

from claude_lens.exchange import Request, Response
from claude_lens.store.sink import open_sink
from tests.commands.conftest import SESSION, exchange
from tests.harness.lens import Lens


def edited(lens: Lens) -> Lens:
    from dataclasses import replace

    lens.home.mkdir(mode=0o700)
    given = {"file_path": "/home/me/[bold]x/a b.py", "content": "1\n2\n"}
    use = {"type": "tool_use", "id": "toolu_1", "name": "Write", "input": given}
    answer = {"type": "message", "role": "assistant", "content": [use], "stop_reason": "tool_use"}
    first = {"role": "user", "content": "write"}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "File created successfully at: x"}
    messages = [first, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    bodies: list[dict[str, Any]] = [{"model": "m", "messages": [first]}, {"model": "m", "messages": messages}]
    sink = open_sink(lens.settings)
    for number, body in enumerate(bodies, 1):
        request = Request(body=json.dumps(body).encode(), json=body)
        one = replace(exchange(number), request=request)
        if number == 1:
            one = replace(one, response=Response(body=json.dumps(answer).encode(), json=answer))
        sink.ended(one)
    sink.close()
    return lens


def test_files(lens: Lens) -> None:
    user = edited(lens)
    (found,) = json.loads(user.lensctl("changes", "--json").stdout)
    assert found == {
        "path": "/home/me/[bold]x/a b.py",
        "created": True,
        "edits": 1,
        "failed_edits": 0,
        "added": 2,
        "removed": 0,
        "exchanges": [f"{1:02x}" + "0" * 30],
    }
    lines = user.lensctl("changes", SESSION[:8]).stdout.splitlines()
    assert lines[1].split() == ["a", "b.py", "created", "1", "2", "0"]


def test_none(recorded: Lens) -> None:
    done = recorded.lensctl("changes")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no file was edited" in done.stderr
    assert json.loads(recorded.lensctl("changes", "--json").stdout) == []
    assert recorded.lensctl("changes", "nobody").returncode == 2
