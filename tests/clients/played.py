"""One session of any client: what the scripted provider says, and what it knows of each request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.upstream import Block, Call, Reply, say, text, tool_use

EXPLORE = "EXPLORE-PROMPT look around the place for things."
REVIEW = "REVIEW-PROMPT check the code of the place."
OWN_BODY = "You are a careful reviewer of code.\n\nBe brief."
TITLE = "Client title words"
PROMPTS = ("hello there", "spawn please", "run bash now", "hello again", "hello after clear")


@dataclass
class Known:
    """What the provider knows of the requests it got, each by the id that it answered with."""

    kinds: dict[str, str] = field(default_factory=dict)
    titled: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def script(self, call: Call) -> Reply:
        """The answer to a request of any version; notes what the request was."""
        kind, reply = self._judge(call)
        self.kinds[f"req_011{call.request.number:021d}"] = kind
        return reply

    def _judge(self, call: Call) -> tuple[str, Reply]:
        body, texts = call.body, _texts(call.body)
        users = [words for role, words in texts if role == "user"]
        system = json.dumps(body.get("system", ""))
        offered = {tool.get("name") for tool in body.get("tools") or []}
        if "Extract any file paths" in system:
            return "auxiliary", say(text("<filepaths>\n</filepaths>"))
        if not offered and ("title" in system or "conversation topic" in system):
            self.titled.append(users[0])
            begun = texts[-1][0] == "assistant"
            return "auxiliary", say(
                text(('"isNewTopic": true, ' if begun else "{") + f'"title": "{TITLE}"}}')
            )
        if users[-1:] == ["Warmup"]:
            return "auxiliary", say(text("warm"))
        if "create a detailed summary of" in users[-1]:
            return "compaction", say(text("<summary>what was said</summary>"))
        if call.request.path != "/v1/messages":
            self.said.append("review")
            return "reviewer", say(text("review report"))
        first = "\n".join(words for words in users if not words.startswith("<"))
        if EXPLORE in first and "spawn please" not in first:
            if not call.tool_results:
                return "Explore", say(bash("echo sub-bash"))
            self.said.append("explore")
            return "Explore", say(text("explore report"))
        return "main", self._main(call, "Agent" if "Agent" in offered else "Task")

    def _main(self, call: Call, spawning: str) -> Reply:
        messages = call.body["messages"]
        turn, words = next(
            (
                (index, prompt)
                for index in reversed(range(len(messages)))
                for prompt in PROMPTS
                if messages[index]["role"] == "user" and prompt in _own(messages[index])
            ),
            (0, ""),
        )
        answered = any(message["role"] == "assistant" for message in messages[turn:])
        if words == "run bash now" and not answered:
            return say(bash("echo main-bash"))
        if words == "spawn please" and not answered:
            return say(
                text("spawning"),
                _spawn(spawning, EXPLORE, "Explore"),
                _spawn(spawning, REVIEW, "reviewer"),
            )
        return say(text(f"answered: {words}"))


def bash(command: str) -> Block:
    """A call of the Bash tool."""
    return tool_use("Bash", {"command": command, "description": "try it"})


def _spawn(tool: str, prompt: str, agent: str) -> Block:
    return tool_use(tool, {"description": agent, "prompt": prompt, "subagent_type": agent})


def _texts(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], words) for message in body.get("messages", []) for words in _blocks(message)]


def _blocks(message: dict[str, Any]) -> list[str]:
    content = message["content"]
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in content or [] if block.get("type") == "text"]


def _own(message: dict[str, Any]) -> list[str]:
    """What a human typed, as the provider knows it: one of the prompts, and nothing else."""
    return [words.strip() for words in _blocks(message)]
