"""What the client is made to do: scripts for the upstream, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.upstream import (
    Block,
    Call,
    Reply,
    Script,
    Tokens,
    always,
    by_agent,
    error,
    held,
    in_order,
    say,
    slow,
    spawn,
    text,
    thinking,
    tool_use,
    turns,
)

CACHE = Tokens(input=101, output=57, cache_read=2003, cache_write_5m=211, cache_write_1h=307)


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the client; ``resume`` continues the session of the run before."""

    arguments: tuple[str, ...] = ("do it",)
    stdin: str | None = None
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """``script`` makes a fresh script; ``depths`` are the nesting levels of the subagents it spawns.

    ``calls`` is how often the provider is asked; None where that is the client's own affair.
    """

    name: str
    script: Callable[[], Script]
    steps: tuple[Step, ...] = (Step(),)
    code: int = 0
    result: str | None = None
    depths: tuple[int, ...] = ()
    calls: int | None = None


def bash(command: str) -> Block:
    """A call of the Bash tool."""
    return tool_use("Bash", {"command": command, "description": "try it"})


def worker(marker: str, after: threading.Event | None = None) -> Script:
    """A subagent that runs one command and reports; its report waits for ``after`` and a moment more."""
    command = say(text("working"), bash(f"echo {marker}"), tokens=Tokens(21, 31, 41))
    report = say(text(f"{marker} reported"))
    return turns(command, slow(held(report, after), first=0.4) if after else report)


def nested() -> Script:
    """The main agent starts OUTER, which starts INNER, which runs a command."""
    main = turns(say(spawn("OUTER task", background=False)), say(text("main done"), tokens=CACHE))
    outer = turns(say(spawn("INNER task", background=False)), say(text("outer done")))
    return by_agent(main, {"OUTER task": outer, "INNER task": worker("inner-ran")})


def subagent() -> Script:
    """The main agent waits for one subagent that uses a tool."""
    main = turns(say(spawn("LOOK around", background=False)), say(text("main done"), tokens=CACHE))
    return by_agent(main, {"LOOK around": worker("sub-ran")})


def background() -> Script:
    """Two subagents at once; each ends when the main agent is idle, so that it hears of them one by one."""
    both = say(spawn("FIRST task", background=True), spawn("SECOND task", background=True))
    replies = turns(both, say(text("waiting")), say(text("one is back")), say(text("both are back")))
    waiting, heard_of_first = threading.Event(), threading.Event()

    def main(call: Call) -> Reply:
        if call.turn >= 1:
            waiting.set()
        if call.turn >= 2:
            heard_of_first.set()
        return replies(call)

    workers = {
        "FIRST task": worker("first-ran", waiting),
        "SECOND task": worker("second-ran", heard_of_first),
    }
    return by_agent(main, workers)


SCENARIOS = [
    Scenario(
        "plain",
        lambda: always(say(thinking("Let me greet.", "c2lnbmVk"), text("hellö 🙂"), tokens=CACHE)),
        result="hellö 🙂",
        calls=1,
    ),
    Scenario(
        "bash",
        lambda: turns(say(text("running"), bash("echo marker-$((40+2))"), tokens=CACHE), say(text("ran"))),
        result="ran",
        calls=2,
    ),
    Scenario("subagent", subagent, result="main done", depths=(1,), calls=4),
    Scenario("background", background, result="both are back", depths=(1, 1), calls=8),
    Scenario("nested", nested, result="main done", depths=(1, 2), calls=6),
    Scenario(
        "resume",
        lambda: turns(say(text("one"), tokens=CACHE), say(text("two"))),
        steps=(Step(("first",)), Step(("second",), resume=True)),
        result="two",
        calls=2,
    ),
    Scenario(
        "stdin",
        lambda: always(say(text("read"))),
        steps=(Step(("sum up",), stdin="piped\nwords"),),
        result="read",
        calls=1,
    ),
    Scenario(
        "prompt from stdin",
        lambda: always(say(text("read"))),
        steps=(Step((), stdin="piped prompt"),),
        result="read",
        calls=1,
    ),
    Scenario("refused", lambda: always(error(400, "that is not allowed")), code=1, result=None),
    Scenario(
        "overloaded",
        lambda: in_order(error(529, "Overloaded"), say(text("at last"))),
        result="at last",
        calls=2,
    ),
]
