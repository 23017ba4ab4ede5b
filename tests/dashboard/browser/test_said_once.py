"""What a real client said, and was told, stands everywhere once, though it is sent again and again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from claude_lens.store.reading.queries import Reader
from claude_lens.store.reading.search import Hit, parse, search
from tests.dashboard.browser.conftest import Recorded, Watched
from tests.harness import ROOT, Claude
from tests.harness.client import executable
from tests.upstream import Call, Reply, say, spawn, text, thinking, tool_use

pytestmark = pytest.mark.slow

PROMPTS = {"quokka": "Change the file, quokka.", "wombat": "And now wombat.", "numbat": "At last numbat."}
ANSWERS = ("alder", "birch", "cedar", "dogwood", "elder", "hazel", "ironwood")
INPUTS = ("walnutvalue", "pecanvalue", "macadamia")
AGENT = "juniper"


def other_client(version: str) -> Path | None:
    """Another version of the client, where set-up has installed it."""
    found = ROOT / ".cache" / "clients" / version / "node_modules" / ".bin" / "claude"
    return found if found.exists() else None


def script(folder: Path) -> Any:
    """Reads, edits, writes, runs, sends an agent into the background; later prompts get one answer each."""
    file = f"{folder}/nuts.py"
    edit = {"file_path": file, "old_string": "walnutvalue = 1", "new_string": "pecanvalue = 1"}
    write = {"file_path": f"{folder}/new.py", "content": "macadamia = 2   \nprint(macadamia)  \n\n\n"}
    bash = {"command": f"cd {folder} && echo ran", "description": "Say it", "timeout": "5000"}
    steps = [
        say(thinking("hm"), text("I read alder."), tool_use("Read", {"file_path": file})),
        say(text("I change birch."), tool_use("Edit", edit)),
        say(text("I write cedar.  \n"), tool_use("Write", write)),
        say(text("I run dogwood."), tool_use("Bash", bash)),
        say(text("I send elder."), spawn("AGENT: look", background=True)),
    ]

    def answer(call: Call) -> Reply:
        told = "\n".join(call.prompts)
        if call.agent_id is not None:
            return say(text("I have seen juniper."))
        for prompt, tree in (("numbat", "ironwood"), ("wombat", "hazel")):
            if prompt in told:
                return say(text(f"It is {tree}."))
        return steps[call.turn] if call.turn < len(steps) else say(text(f"Waited {call.turn}."))

    return answer


@dataclass(slots=True)
class Played:
    """The session that a client had, and what came of it."""

    session: str
    recorded: Recorded

    def hits(self, words: str) -> list[Hit]:
        """Places in prompts, answers and inputs of the session's agents."""
        with (
            Reader(f"sqlite:///{self.recorded.proxy.home}/lens.db") as reader,
            reader.connect() as connection,
        ):
            found = search(connection, parse(f"{words} session:{self.session}"))
        return [hit for hit in found if hit["part"] in ("prompt", "answer", "input")]


@pytest.fixture(scope="module", params=["newest", "2.1.197"])
def played(recorded: Recorded, request: pytest.FixtureRequest) -> Played:
    """A client worked, and was resumed twice."""
    program = executable() if request.param == "newest" else other_client(request.param)
    if program is None:
        pytest.skip(f"claude {request.param} is not installed: make setup installs it")
    claude = Claude(recorded.folder / f"client {request.param}", recorded.provider.url, recorded.proxy)
    (claude.cwd / "nuts.py").write_text("walnutvalue = 1\n")
    recorded.provider.play(script(claude.cwd))
    first = claude.run(PROMPTS["quokka"], CLAUDE_LENS_CLAUDE=str(program))
    assert first.code == 0, first
    session = first.json["session_id"]
    for prompt in ("wombat", "numbat"):
        ran = claude.run(PROMPTS[prompt], "--resume", session, CLAUDE_LENS_CLAUDE=str(program))
        assert ran.code == 0, ran
    recorded.proxy.settled()
    return Played(session, recorded)


def test_in_search(played: Played) -> None:
    for word in (*PROMPTS, *ANSWERS, *INPUTS):
        assert len(played.hits(word)) == 1, (word, played.hits(word))
    assert [hit["part"] for hit in played.hits(AGENT) if hit["agent"]["id"] is not None] == ["answer"]


def test_in_markdown(played: Played) -> None:
    whole = played.recorded.proxy.lensctl("export", played.session, "--format", "md").stdout
    said = whole.partition("requests")[2]
    for word in (*(PROMPTS[name] for name in PROMPTS), *(f"{tree}." for tree in ANSWERS)):
        assert said.count(word) == 1, word


def test_on_the_page_where_its_hit_leads(played: Played, watched: Watched) -> None:
    for word in ("quokka", "birch", "pecanvalue", "cedar", "wombat"):
        page = watched.go(f"/search?q={word} session:{played.session}".replace(" ", "%20"))
        kind = page.locator(".chip", has_text=re.compile("^(prompt|answer|input)$"))
        links = page.locator("li.found", has=kind)
        expect(links).to_have_count(1)
        links.locator("a").first.click()
        place = page.locator(f"#x-{played.hits(word)[0]['exchange_id'][:16]}")
        expect(place).to_contain_text(word)
        expect(page.locator("article.turn", has_text=word)).to_have_count(1)
        assert not watched.problems


def test_what_is_new_in_a_request_is_only_that(played: Played, watched: Watched) -> None:
    (hit,) = played.hits("wombat")
    page = watched.go(f"/exchanges/{hit['exchange_id']}")
    new = page.locator("#content, main").first
    expect(new).to_contain_text("wombat")
    shown = new.inner_text()
    assert not [word for word in ("quokka", *ANSWERS[:5]) if word in shown], shown


def test_no_miss_is_reported(played: Played) -> None:
    found = json.loads(played.recorded.proxy.lensctl("why", played.session, "--json").stdout)
    assert not [one for one in found if one["verdict"] in ("partial", "miss")]


def test_bodies_are_those_that_were_sent(played: Played) -> None:
    assert json.loads(played.recorded.proxy.lensctl("verify", "--json").stdout)["sound"]
