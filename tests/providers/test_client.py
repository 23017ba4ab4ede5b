"""The real client on other providers' models: what it runs, tries again, and is told."""

from __future__ import annotations

import base64
import json
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.routed import recorded
from tests.harness import Claude, Proxy
from tests.providers.asking import EVENTS, LINES, events, lines
from tests.providers.test_streams import chunk, google
from tests.upstream import Call, Provider, Reply, error, raw, say, text, thinking, tool_use, turns

pytestmark = pytest.mark.slow
ALSO = frozenset(("reasoning_content", "usage"))
COMMANDS = ("echo first > one.txt", "echo second > two.txt")
INPUTS = [{"command": command, "description": "writes"} for command in COMMANDS]


def client(folder: Path, upstream: Provider, proxy: Proxy, model: str) -> Claude:
    """A client whose every model is this one."""
    made = Claude(folder, upstream.url, proxy)
    made.environment |= {"ANTHROPIC_MODEL": model, "ANTHROPIC_SMALL_FAST_MODEL": model}
    made.environment |= {"ANTHROPIC_DEFAULT_HAIKU_MODEL": model}
    return made


def both_calls(model: str) -> Reply:
    """Two calls in one piece, as servers of this format send them."""
    if model == "ollama":
        calls = [{"function": {"name": "Bash", "arguments": given}} for given in INPUTS]
        end = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "eval_count": 4}
        said = {"role": "assistant", "content": "", "tool_calls": calls}
        listed = lines({"model": "m", "message": said, "done": False}, {**end, "prompt_eval_count": 3})
        return raw(*listed, headers=(("content-type", LINES),))
    if model == "gemini":
        parts = [{"functionCall": {"name": "Bash", "args": given}} for given in INPUTS]
        return raw(*events(google(*parts, finishReason="STOP")), headers=(("content-type", EVENTS),))
    in_one: list[dict[str, Any]] = [
        {
            "index": number,
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": "Bash", "arguments": json.dumps(given)},
        }
        for number, given in enumerate(INPUTS)
    ]
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
    listed = events(chunk({"tool_calls": in_one}), chunk({}, "tool_calls", usage=usage))
    return raw(*listed, b"data: [DONE]\n\n", headers=(("content-type", EVENTS),))


@pytest.mark.parametrize("model", ["chat", "gemini", "ollama"])
def test_two_calls_at_once_both_run(model: str, formats: Proxy, upstream: Provider, tmp_path: Path) -> None:
    upstream.play(turns(both_calls(model), say(text("all done"))))
    lens = client(tmp_path, upstream, formats, model)
    done = lens.run("write both files")
    assert done.code == 0, done.stdout + done.stderr
    assert done.json["result"] == "all done"
    assert (lens.cwd / "one.txt").read_text() == "first\n"
    assert (lens.cwd / "two.txt").read_text() == "second\n"


def test_an_answer_that_broke_off_is_tried_again(formats: Proxy, upstream: Provider, tmp_path: Path) -> None:
    lock, asked = threading.Lock(), 0

    def script(_: Call) -> Reply:
        nonlocal asked
        with lock:
            asked += 1
            if asked == 1:
                return raw(*events(chunk({"content": "Hel"})), headers=(("content-type", EVENTS),))
        return say(text("whole again"))

    upstream.play(script)
    done = client(tmp_path, upstream, formats, "chat").run("go")
    assert (done.code, done.json["result"]) == (0, "whole again"), done.stdout + done.stderr
    found = [exchange for exchange in recorded(formats) if exchange.endpoint == "/v1/messages"]
    assert [exchange.status for exchange in found] == ["error", "ok"]
    assert "ended without its last event" in str(found[0].error)


def test_deepseek_gets_the_thinking_that_it_insists_on(
    formats: Proxy, upstream: Provider, tmp_path: Path
) -> None:
    def script(call: Call) -> Reply:
        said = [message for message in call.body["messages"] if message["role"] == "assistant"]
        for message in said:
            kinds = [block["type"] for block in message["content"]]
            if "tool_use" in kinds and "thinking" not in kinds:
                return error(400, "the `thinking` of the turn must be passed back to the API")
        call_it = say(thinking("I should look."), tool_use("Bash", {"command": "echo seen"}))
        return say(thinking("Fine."), text("thought through")) if said else call_it

    upstream.play(script)
    done = client(tmp_path, upstream, formats, "deepseek").run("go")
    assert (done.code, done.json["result"]) == (0, "thought through"), done.stdout + done.stderr
    assert len(upstream.calls) >= 2


def png() -> bytes:
    """One red dot."""

    def part(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return len(data).to_bytes(4, "big") + whole + zlib.crc32(whole).to_bytes(4, "big")

    head = (1).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    dot = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", dot) + part(b"IEND", b"")


def test_an_image_does_not_end_a_conversation(formats: Proxy, upstream: Provider, tmp_path: Path) -> None:
    lens = client(tmp_path, upstream, formats, "gpt-blind")
    picture = lens.cwd / "dot.png"
    picture.write_bytes(png())

    def script(call: Call) -> Reply:
        if "image_url" in json.dumps(call.body):
            return error(400, "this model does not take images")
        return turns(say(tool_use("Read", {"file_path": str(picture)})), say(text("seen nothing")))(call)

    upstream.play(script, also=ALSO)
    first = lens.run("look at dot.png")
    again = lens.run("--continue", "and now?")
    assert (first.code, again.code) == (0, 0), first.stdout + again.stdout
    sent = json.dumps(upstream.calls[-1].body)
    assert "cannot see" in sent
    assert base64.b64encode(png()).decode()[:40] not in sent


@pytest.mark.parametrize(("model", "told"), [("chat", "unavailable"), ("gemini", "pandas live in trees")])
def test_a_search_is_true(model: str, told: str, formats: Proxy, upstream: Provider, tmp_path: Path) -> None:
    def script(call: Call) -> Reply:
        whole = json.dumps(call.body)
        if "googleSearch" in whole:
            return say(text("pandas live in trees"))
        if "Web search results" in whole or "navailable" in whole or "pandas live" in whole:
            return say(text("that is all"))
        return say(tool_use("WebSearch", {"query": "red pandas"}))

    upstream.play(script, also=ALSO)
    done = client(tmp_path, upstream, formats, model).run("search for red pandas")
    assert (done.code, done.json["result"]) == (0, "that is all"), done.stdout + done.stderr
    last: Any = upstream.calls[-1].body
    assert told in json.dumps(last)
