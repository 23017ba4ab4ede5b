import json

from tests.commands.conftest import OTHER, SESSION
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
