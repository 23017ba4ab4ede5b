import json
import subprocess
import sys
from dataclasses import replace

from benchmarks.streams import stream_of
from claude_lens.store.sink import open_sink
from tests.commands.conftest import OTHER, SESSION, exchange
from tests.commands.filled import fill
from tests.harness.lens import Lens


def test_session_as_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("show", SESSION[:6], "--json").stdout)
    assert set(found) == {"session", "agents", "exchanges"}
    assert found["session"]["id"] == SESSION
    assert [one["id"][:2] for one in found["exchanges"]] == ["01", "02", "03", "04", "05"]
    assert [one["id"] for one in found["agents"]] == [None, "a1", "a2"]
    first = found["exchanges"][0]
    assert first["request"]["body"]["messages"][0]["content"] == "prompt of 1\x1b[31m"
    assert first["response"]["body"]["content"][0]["text"] == "answer 1"
    assert found["exchanges"][2]["model"] == {
        "requested": "claude-sonnet-4-5",
        "routed": "gpt-5",
        "provider": None,
    }


def test_last_is_the_newest(recorded: Lens) -> None:
    for words in (["show", "--json"], ["show", "last", "--json"]):
        assert json.loads(recorded.lensctl(*words).stdout)["session"]["id"] == OTHER


def test_exchange_as_json(recorded: Lens) -> None:
    found = json.loads(recorded.lensctl("show", "03", "--json").stdout)
    assert set(found) >= {
        "id",
        "session_id",
        "prompt_id",
        "agent",
        "request_class",
        "lane",
        "status",
        "http_status",
        "model",
        "started_at",
        "ttfb_ms",
        "ttft_ms",
        "duration_ms",
        "usage",
        "cost_usd",
        "stop_reason",
        "request_id",
        "request",
        "response",
    }
    assert found["agent"] == {"id": "a2", "parent_id": "a1", "type": "custom", "name": "counter"}
    assert (found["lane"], found["cost_usd"]) == ("translated", None)


def test_tree(recorded: Lens) -> None:
    shown = recorded.lensctl("show", SESSION).stdout
    assert "\x1b" not in shown
    assert "error 529" in shown
    assert "Explore look around" in shown
    outer, inner = (next(x for x in shown.splitlines() if name in x) for name in ("Explore look", "counter"))
    assert inner.index("counter") > outer.index("Explore")
    assert "$0.0300 + ?" in shown


def test_exchange_for_people(recorded: Lens) -> None:
    shown = recorded.lensctl("show", "04").stdout
    assert "Overloaded" in shown
    assert '"max_tokens": 9' in shown
    assert "\x1b" not in shown


def test_unknown_and_ambiguous(recorded: Lens) -> None:
    for ident, said in (("zzz", "no session with an id"), ("0", "is ambiguous")):
        done = recorded.lensctl("show", ident)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("lensctl: ")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def raw(user: Lens, *words: str) -> subprocess.CompletedProcess[bytes]:
    """``lensctl show --raw``, its bytes as they are."""
    command = [sys.executable, "-P", "-m", "claude_lens", "show", "--raw", *words]
    return subprocess.run(command, env=user.environment, cwd=user.cwd, capture_output=True, timeout=120)


def test_raw_stream(lens: Lens) -> None:
    fill(lens)
    one = exchange(7)
    assert one.response is not None
    body = stream_of({**(one.response.json or {})}).replace(b"\n", b"\r\n") + b": \xff\x00"
    headers = (("content-type", "text/event-stream"),)
    sink = open_sink(lens.settings)
    sink.ended(replace(one, response=replace(one.response, headers=headers, body=body)))
    sink.close()

    done = raw(lens, "07")
    assert (done.returncode, done.stdout, done.stderr) == (0, body, b"")
    refused = raw(lens, "01")
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert refused.stderr.startswith(b"lensctl: no raw stream is kept of exchange 01")
    assert refused.stderr.endswith(b": the answer was no event stream\n")
    for words, said in (
        (["1111"], b"is a session; --raw is for one exchange"),
        (["07", "--json"], b"not JSON"),
    ):
        wrong = raw(lens, *words)
        assert (wrong.returncode, wrong.stdout) == (2, b"")
        assert said in wrong.stderr
