"""Which call started which subagent: proof before guess, and no wrong guess."""

from __future__ import annotations

from dataclasses import replace

from claude_lens.exchange import Exchange
from claude_lens.tracing import spawns as module
from claude_lens.tracing.runs import Key, Run
from claude_lens.tracing.spawns import SpawnBook
from tests.tracing.talk import PROMPT, SESSION, Talk, launched, spawn, use

MAIN: Key = (SESSION, PROMPT, "", 0)


def child(agent: str, prompt: str, parent: str | None = None, said: str = PROMPT, number: int = 0) -> Run:
    run = Run(key=(SESSION, said, agent, number), started=0.0, prompt=prompt, turn=1, saw_start=True)
    run.update(Talk(agent, parent=parent).say(prompt).ask("done"))
    return run


def test_a_prompt_that_only_one_call_gave() -> None:
    book = SpawnBook()
    book.absorb(Talk().say("go").ask(spawn("t1", "look"), spawn("t2", "listen")), MAIN)
    assert book.spawned_by(child("a1", "please listen well"), "proof") is None
    assert book.spawned_by(child("a1", "please listen well"), "match") == "t2"
    assert book.spawned_by(child("b2", "something else"), "match") is None
    assert book.spawned_by(child("b2", "something else"), "guess") is None


def test_identical_prompts_wait_for_proof() -> None:
    book = SpawnBook()
    talk = Talk().say("go")
    book.absorb(talk.ask(spawn("t1", "look"), spawn("t2", "look")), MAIN)
    first, second = child("a1", "look"), child("b2", "look")
    assert book.spawned_by(first, "match") is None
    book.absorb(talk.say(launched("t1", "b2")).ask("ok"), MAIN)
    assert book.spawned_by(second, "match") == "t1"
    assert book.spawned_by(first, "match") == "t2"


def test_without_proof_order_decides_in_the_end() -> None:
    book = SpawnBook()
    book.absorb(Talk().say("go").ask(spawn("t1", "look"), spawn("t2", "look")), MAIN)
    assert book.spawned_by(child("a1", "look"), "guess") == "t1"
    assert book.spawned_by(child("b2", "look"), "guess") == "t2"


def test_the_parent_header_excludes_others_calls() -> None:
    book = SpawnBook()
    book.absorb(Talk().say("go").ask(spawn("t1", "look")), MAIN)
    book.absorb(Talk("o1").say("x").ask(spawn("t2", "look")), (SESSION, PROMPT, "o1", 0))
    assert book.spawned_by(child("a1", "look"), "match") == "t1"
    assert book.spawned_by(child("d2", "look", parent="o1"), "match") == "t2"


def test_a_call_of_another_prompt_is_not_its_start() -> None:
    book = SpawnBook()
    book.absorb(Talk().say("go").ask(spawn("t1", "look")), MAIN)
    assert book.spawned_by(child("a1", "look", said="another"), "match") is None


def test_an_agent_that_goes_on_hangs_under_the_message_sent_to_it() -> None:
    book = SpawnBook()
    talk = Talk().say("go")
    book.absorb(talk.ask(spawn("t1", "look")), MAIN)
    book.absorb(talk.say(launched("t1", "a1")).ask("ok"), MAIN)
    later: Key = (SESSION, "later", "", 0)
    book.absorb(talk.say("on").ask(use("SendMessage", "t2", to="a1", message="more")), later)
    assert book.spawned_by(child("a1", "look"), "match") == "t1"
    assert book.spawned_by(child("a1", "more", said="later", number=1), "match") == "t2"
    book.absorb(talk.say("x").ask(use("SendMessage", "t3", to="a1", message="again")), MAIN)
    assert book.spawned_by(child("a1", "look"), "match") == "t1"
    assert book.spawned_by(child("a1", "again", number=1), "match") == "t3"


def test_what_the_proxy_found_out_itself_counts_unless_it_is_of_another_prompt() -> None:
    book = SpawnBook()
    run = child("a1", "look")
    assert run.last is not None
    who = run.last.identity
    run.last = replace(run.last, identity=replace(who, agent=replace(who.agent, spawn_tool_use_id="t9")))
    assert book.spawned_by(run, "match") == "t9"
    book.absorb(Talk().say("go").ask(spawn("t9", "other")), (SESSION, "another", "", 0))
    assert book.spawned_by(run, "match") is None


def test_the_prompt_of_an_agent_that_names_none() -> None:
    book = SpawnBook()
    assert book.prompt_for(SESSION, "x0", "whatever") == "agent-x0"
    book.session(SESSION).latest_prompt = "p2"
    book.absorb(Talk().say("go").ask(spawn("t1", "look")), MAIN)
    assert book.prompt_for(SESSION, "a1", "look here") == PROMPT
    assert book.prompt_for(SESSION, "b2", "unheard of") == "p2"
    book.session(SESSION).latest_prompt = "p3"
    assert book.prompt_for(SESSION, "b2", "unheard of") == "p2"


def test_it_forgets_what_is_old() -> None:
    book = SpawnBook()

    def one(number: int) -> Exchange:
        return Talk(session=f"s{number}").say("go").ask(spawn(f"t{number}", "look"))

    for number in range(module.SESSIONS + 10):
        book.absorb(one(number), (f"s{number}", PROMPT, "", 0))
    assert not book.session("s0").owners
    assert book.session(f"s{module.SESSIONS}").owners
    for number in range(module.CALLS + 10):
        book.absorb(Talk().say("go").ask(spawn(f"t{number}", "look")), MAIN)
    session = book.session(SESSION)
    assert (len(session.owners), len(session.prompts)) == (module.CALLS, module.SPAWNS)
