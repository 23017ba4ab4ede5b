"""The real client through a real proxy into a real Phoenix: what its API gives back is the tree that ran."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Claude, Proxy
from tests.harness.client import MODEL, finish
from tests.harness.phoenix import Drawn, Phoenix, drawn
from tests.harness.spread import Spread
from tests.upstream import (
    Call,
    Provider,
    Reply,
    Script,
    always,
    by_agent,
    error,
    held,
    in_order,
    say,
    slow,
    spawn,
    text,
    turns,
)
from tests.upstream import tool_use as tool

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not Phoenix.expected(), reason="Phoenix is not installed: run `make setup-phoenix`"),
]

PROJECT = "lens-e2e"
CHAT: Drawn = (f"chat {MODEL}", "LLM", [])


def turn(number: int, *children: Drawn) -> list[Drawn]:
    """A prompt's trace."""
    return [(f"Turn {number}", "AGENT", list(children))]


def ran(name: str, *children: Drawn) -> Drawn:
    """A tool call."""
    return (name, "TOOL", list(children))


def agent(*children: Drawn) -> Drawn:
    """A subagent's work."""
    return ("general-purpose", "AGENT", list(children))


WORKER = agent(CHAT, ran("Bash"), CHAT)
NESTED = turn(1, CHAT, ran("Agent", agent(CHAT, ran("Agent", WORKER), CHAT)), CHAT)
TWO = turn(1, CHAT, ran("Agent", WORKER), ran("Agent", WORKER), CHAT)


def bash(command: str) -> Any:
    """A call of the Bash tool."""
    return tool("Bash", {"command": command})


def work(marker: str, seconds: float = 0.0) -> Script:
    """A subagent that runs one command and reports."""
    return turns(say(bash(f"sleep {seconds}; echo {marker}")), say(text(f"{marker} seen")))


def two(background: bool) -> Script:
    """Two subagents at once."""
    calls = say(spawn("LOOK LEFT", background=background), spawn("LOOK RIGHT", background=background))
    rest = [say(text(words)) for words in ("first words", "one is back", "both are back")]
    seconds = (1.0, 2.5) if background else (0.2, 0.1)
    return by_agent(
        turns(calls, *rest), {"LOOK LEFT": work("left", seconds[0]), "LOOK RIGHT": work("right", seconds[1])}
    )


def continued() -> Script:
    """A subagent that gets a message after it had finished."""

    def main(call: Call) -> Reply:
        if call.turn == 1:
            told = re.search(r"agentId: (\w+)", call.tool_results[-1])
            assert told
            return say(tool("SendMessage", {"to": told[1], "summary": "more", "message": "LOOK AGAIN"}))
        return turns(say(spawn("LOOK once", background=False)), say(), say(text("finished")))(call)

    return by_agent(main, {"LOOK": turns(say(text("seen")), say(text("seen again")))})


def nested() -> Script:
    """A subagent's subagent."""
    main = turns(say(spawn("OUTER work", background=False)), say(text("all done")))
    outer = turns(say(spawn("DEEP work", background=False)), say(text("outer done")))
    return by_agent(main, {"OUTER work": outer, "DEEP work": work("deep")})


@dataclass
class Ran:
    """What was run: the session of each scenario, and the durations that the client told of its tools."""

    phoenix: Phoenix
    proxy: Proxy
    sessions: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, int]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)

    def of(self, scenario: str) -> list[dict[str, Any]]:
        """The spans of a scenario's session."""
        session = self.sessions[scenario]
        return [span for span in self.spans if span["attributes"].get("session.id") == session]


class Stage:
    """Runs scenarios with the real client."""

    def __init__(self, folder: Path, provider: Provider, proxy: Proxy, found: Ran) -> None:
        self.folder, self.provider, self.proxy, self.found = folder, provider, proxy, found
        self.count = 0

    def client(self) -> Claude:
        """A client of its own."""
        self.count += 1
        return Claude(self.folder / f"client {self.count}", self.provider.url, self.proxy)

    def note(self, scenario: str) -> None:
        """Keep what the provider saw of a scenario."""
        heads = [request for request in self.provider.requests if request.path == "/v1/messages"]
        session = heads[0].header("x-claude-code-session-id")
        assert session
        self.found.sessions[scenario] = session
        for request in heads:
            told = request.header("x-claude-code-prev-tool-durations") or ""
            for part in filter(None, told.split(";")):
                name, _, ms = part.rpartition("=")
                self.found.told.append((name, int(ms)))

    def run(self, scenario: str, script: Script, prompt: str, **environment: str) -> str:
        """One run to its end; returns the session."""
        self.provider.play(script)
        run = finish(self.client().start(prompt, **environment))
        assert run.code == 0, run.stdout + run.stderr
        self.note(scenario)
        return self.found.sessions[scenario]


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    with Phoenix(tmp_path_factory.mktemp("phoenix")) as running:
        yield running


@pytest.fixture(scope="module")
def found(phoenix: Phoenix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Every scenario run once; the proxies are stopped, so that all is sent, before anything is read back."""
    folder = tmp_path_factory.mktemp("traced")
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": phoenix.url, "ARIZE_PROJECT_NAME": PROJECT}
    home = folder / "lens home"
    with Provider() as provider:
        with (
            Proxy(home, provider.url, None, **settings) as one,
            Proxy(home, provider.url, None, **settings) as other,
        ):
            result = Ran(phoenix, one)
            stage = Stage(folder, provider, one, result)
            play_plain(stage)
            play_broken(stage)
            with Spread([one.port, other.port]) as spread:
                for name, script in (("two workers", two(False)), ("nested over two workers", nested())):
                    way = {"CLAUDE_LENS_URL": spread.url, "CLAUDE_LENS_TRUSTED_URL": spread.url}
                    stage.run(name, script, "go", **way)
            for proxy in (one, other):
                proxy.settled()
                proxy.assert_sound()
        with Proxy(
            folder / "other home", provider.url, None, CLAUDE_LENS_TRANSPARENT="off", **settings
        ) as third:
            Stage(folder / "translated", provider, third, result).run("translated", nested(), "go deep")
        result.spans = phoenix.settled(PROJECT)
        yield result


def play_plain(stage: Stage) -> None:
    """What goes well."""
    three = say(
        bash("sleep 0.3; echo one"), bash("sleep 0.1; false"), tool("Read", {"file_path": "/etc/hostname"})
    )
    stage.run("tools", turns(three, say(text("done"))), "use three tools")
    stage.run("two subagents", two(False), "spawn two")
    stage.run("nested", nested(), "go deep")
    stage.run("background", two(True), "look around")
    stage.run("continued", continued(), "ask twice")
    stage.provider.play(turns(say(text("first")), say(text("second"))))
    client = stage.client()
    session = client.run("hello one").json["session_id"]
    client.run("hello two", "--resume", session)
    client.run("/compact", "--resume", session)
    stage.provider.script = always(say(text("third")))
    client.run("hello three", "--resume", session)
    stage.note("resumed")
    traced = {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
        "CLAUDE_CODE_PROPAGATE_TRACEPARENT": "1",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": stage.found.phoenix.url,
        "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={PROJECT}",
        "DISABLE_TELEMETRY": "",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "",
    }
    stage.run("own spans", turns(say(bash("echo x")), say(text("done"))), "trace yourself", **traced)


def play_broken(stage: Stage) -> None:
    """What does not."""
    stage.provider.play(always(error(400, "no such luck")))
    assert stage.client().run("fail").code == 1
    stage.note("error")
    stage.provider.play(in_order(error(529, "Overloaded", (("retry-after", "0"),)), say(text("at last"))))
    stage.client().run("try again")
    stage.note("retried")
    never = threading.Event()
    scripts = {
        "cancelled": always(slow(say(text("never to be said")), between=20.0, after=3)),
        "cancelled subagent": by_agent(
            always(say(spawn("STAY there", background=False))),
            {"STAY there": always(held(say(text("x")), never))},
        ),
    }
    for name, script in scripts.items():
        stage.provider.play(script)
        child = stage.client().start("wait for it")
        stage.provider.wait(lambda provider, n=name: len(provider.calls) >= (1 if n == "cancelled" else 2))  # type: ignore[misc]
        time.sleep(1.0)
        child.signal(signal.SIGINT)
        finish(child)
        stage.note(name)
    never.set()


TREES: dict[str, list[list[Drawn]]] = {
    "tools": [turn(1, CHAT, ran("Read"), ran("Bash"), ran("Bash"), CHAT)],
    "two subagents": [TWO],
    "nested": [NESTED],
    "two workers": [TWO],
    "nested over two workers": [NESTED],
    "background": [
        turn(1, CHAT, ran("Agent", WORKER), ran("Agent", WORKER), CHAT),
        turn(2, CHAT),
        turn(3, CHAT),
    ],
    "translated": [NESTED],
    "continued": [
        turn(1, CHAT, ran("Agent", agent(CHAT)), CHAT, ran("SendMessage", agent(CHAT)), CHAT),
        turn(2, CHAT),
    ],
    "retried": [turn(1, CHAT, CHAT)],
    "cancelled": [turn(1, CHAT)],
    "cancelled subagent": [turn(1, CHAT, ran("Agent", agent(CHAT)))],
}


@pytest.mark.parametrize("scenario", TREES)
def test_the_tree(found: Ran, scenario: str) -> None:
    assert drawn(found.of(scenario)) == TREES[scenario]


def test_a_resumed_and_compacted_session_counts_on(found: Ran) -> None:
    trees = drawn(found.of("resumed"))
    turns_ = [tree for tree in trees if tree[0][1] == "AGENT"]
    assert turns_ == [turn(1, CHAT), turn(2, CHAT), turn(3, CHAT)]
    others = [tree for tree in trees if tree not in turns_]
    assert others
    assert all(tree == [(f"compaction {MODEL}", "LLM", [])] for tree in others)


def test_refused_requests_are_errors_under_a_root_that_says_so(found: Ran) -> None:
    (tree,) = drawn(found.of("error"))
    assert tree[0][:2] == ("Turn 1", "AGENT")
    assert set(map(str, tree[0][2])) == {str(CHAT)}
    for span in found.of("error"):
        assert span["status_code"] == "ERROR"
        assert "no such luck" in span["status_message"]


def test_a_client_with_spans_of_its_own_gets_ours_as_children(found: Ran) -> None:
    ours = found.of("own spans")
    mine = [span for span in ours if span["name"] == CHAT[0]]
    assert len(mine) == 2
    assert {span["span_kind"] for span in mine} == {"LLM"}
    assert all(span["parent_id"] for span in mine)
    assert not [span for span in ours if span["name"].startswith("Turn")]
    theirs = {s["context"]["span_id"]: s for s in found.spans if s["name"].startswith("claude_code.")}
    assert {theirs[span["parent_id"]]["name"] for span in mine} == {"claude_code.llm_request"}
    assert {s["context"]["trace_id"] for s in mine} == {s["context"]["trace_id"] for s in theirs.values()}


def test_no_span_is_there_twice(found: Ran) -> None:
    ids = [span["context"]["span_id"] for span in found.spans]
    assert len(ids) == len(set(ids))


def test_tools_lasted_as_long_as_the_client_says(found: Ran) -> None:
    from datetime import datetime

    def ms(span: dict[str, Any]) -> float:
        start, end = (datetime.fromisoformat(span[name]) for name in ("start_time", "end_time"))
        return (end - start).total_seconds() * 1000

    untold = found.of("cancelled subagent") + found.of("own spans")
    tools = [span for span in found.spans if span["span_kind"] == "TOOL" and span not in untold]
    measured = sorted((span["name"], ms(span)) for span in tools)
    names = {name for name, _ in measured}
    told = sorted(found.told)
    for name in names:
        ours = [duration for other, duration in measured if other == name]
        theirs = [float(duration) for other, duration in told if other == name]
        extra = len(theirs) - len(ours)
        assert 0 <= extra <= 1, name
        assert extra == 0 or name == "Bash"  # the client with its own spans
        for duration in ours:
            assert min(abs(duration - other) for other in theirs) <= 5, (name, duration, theirs)


def test_sessions_show_the_prompts(found: Ran) -> None:
    shown = found.phoenix.sessions(PROJECT)
    expected = {
        "tools": ("use three tools", "done"),
        "two subagents": ("spawn two", "first words"),
        "nested": ("go deep", "all done"),
        "resumed": ("hello one", "third"),
    }
    assert {name: shown[found.sessions[name]] for name in expected} == expected


def test_tokens_cost_and_times_are_on_the_calls_and_only_there(found: Ran) -> None:
    for span in found.of("tools"):
        attributes = span["attributes"]
        if span["span_kind"] == "LLM":
            assert (attributes["llm.token_count.total"], attributes["llm.token_count.prompt"]) == (46, 12)
            assert attributes["llm.cost.total"] > 0
            assert attributes["gen_ai.response.time_to_first_chunk"] > 0
            assert attributes["metadata.lane"] == "transparent"
        else:
            assert not any(name.startswith(("llm.token_count", "llm.cost")) for name in attributes)


def test_the_lane_is_told(found: Ran) -> None:
    for scenario, lane in (("nested", "transparent"), ("translated", "translated")):
        calls = [span["attributes"] for span in found.of(scenario) if span["span_kind"] == "LLM"]
        assert {one["metadata.lane"] for one in calls} == {lane}
        assert {one["llm.provider"] for one in calls} == {"anthropic"}


def test_saved_filters_find_what_they_should(found: Ran) -> None:
    ids = {span["context"]["span_id"]: span for span in found.spans}
    paid = found.phoenix.matching(
        PROJECT, "status_code == 'OK' and attributes['llm']['token_count']['total'] > 0"
    )
    expected = {
        one for one, span in ids.items() if span["span_kind"] == "LLM" and span["status_code"] == "OK"
    }
    # Beside the client's own span, which has the tokens, ours has none, so that nothing is counted twice.
    expected -= {span["context"]["span_id"] for span in found.of("own spans")}
    assert paid & ids.keys() == expected
    tools = found.phoenix.matching(PROJECT, "'tool' in attributes['input']['value']") & ids.keys()
    of_tools = {span["context"]["span_id"] for span in found.of("tools")}
    kinds = sorted(ids[one]["span_kind"] for one in tools & of_tools)
    assert kinds == ["AGENT", "LLM", "LLM", "TOOL", "TOOL", "TOOL"]  # the prompt says "tools" itself
    assert not tools & {span["context"]["span_id"] for span in found.of("retried")}


def test_sending_a_recorded_session_again_doubles_nothing(found: Ran) -> None:
    session = found.sessions["nested"]
    sent = json.loads(found.proxy.lensctl("trace", session, "--to", found.phoenix.url, "--json").stdout)
    assert sent == [
        {"backend": "otlp", "endpoint": found.phoenix.url + "/v1/traces", "spans": len(found.of("nested"))}
    ]
    time.sleep(3)
    assert len(found.phoenix.spans(PROJECT)) == len(found.spans)
