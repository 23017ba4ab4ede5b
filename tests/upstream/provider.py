"""The provider: a server, the script it plays, and what it has seen."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.upstream import anthropic, aws, gemini, ollama, openai, strict
from tests.upstream.blocks import text
from tests.upstream.script import Call, Script, always, say
from tests.upstream.server import Answer, Outcome, Received, Server

OPENAI = ("/v1/chat/completions", "/v1/responses")
ANTHROPIC = ("/v1/messages", "/anthropic/v1/messages", "/vertex:streamRawPredict", "/vertex:rawPredict")
INFERENCE = (*ANTHROPIC, *OPENAI, "/api/chat")


class Provider:
    """A running upstream. ``play`` changes the script, ``clear`` forgets what was received.

    ``requests``: everything received since, in the order of arrival; ``calls``: the inference requests in it;
    ``refused``: why requests in OpenAI's format were not what its schema says.
    """

    def __init__(self) -> None:
        self.script: Script = always(say(text("hello")))
        self.server = Server(self._handle)
        self.refused: list[str] = []
        self.also: frozenset[str] = frozenset()
        self._first = 0

    def __enter__(self) -> Provider:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        assert not self.server.errors, f"the scripted upstream failed: {self.server.errors}"

    @property
    def url(self) -> str:
        """Base URL, without a path."""
        return self.server.url

    @property
    def requests(self) -> list[Received]:
        """Everything received since the last ``clear``."""
        return self.server.requests[self._first :]

    @property
    def calls(self) -> list[Call]:
        """The inference requests among ``requests``."""
        return [Call(r) for r in self.requests if r.method == "POST" and _is_inference(r.path)]

    @property
    def outcomes(self) -> list[Outcome]:
        """How the answers to ``requests`` went."""
        return [outcome for outcome in self.server.outcomes if outcome.number >= self._first]

    def play(self, script: Script, also: frozenset[str] = frozenset()) -> None:
        """Answer from now on by this script, and forget what came before.

        ``also``: fields that this provider takes beyond OpenAI's schema.
        """
        self.script, self.also = script, also
        self.clear()

    def clear(self) -> None:
        """Forget the requests received so far."""
        self._first = len(self.server.requests)
        self.refused.clear()

    def wait(self, ready: Callable[[Provider], bool], seconds: float = 20.0) -> None:
        """Return once ``ready`` holds; raises TimeoutError with what was received."""
        until = time.monotonic() + seconds
        while not ready(self):
            if time.monotonic() > until:
                raise TimeoutError(f"waited {seconds} s; got {[r.target for r in self.requests]}")
            time.sleep(0.01)

    def _handle(self, request: Received) -> Answer:
        if request.path == "/v1/messages/count_tokens":
            return anthropic.token_count(request)
        # Only requests that a real provider takes are answered by the script.
        refused = self._problem(request)
        if refused:
            self.refused.append(refused)
            return openai.error(request, 400, refused)
        if request.path == "/google/token":
            token = {"access_token": "google-test", "expires_in": 3600, "token_type": "Bearer"}
            return Answer(200, (("content-type", "application/json"),), (anthropic.dump(token),), "length")
        if request.path == "/api/show":
            return ollama.show()
        if _is_inference(request.path) and request.method == "POST":
            return self.script(Call(request))(request)
        if request.path == "/v1/models":
            models = {"data": [{"id": "claude-sonnet-4-5-20250929", "type": "model"}], "has_more": False}
            return Answer(200, (("content-type", "application/json"),), (anthropic.dump(models),), "length")
        return anthropic.error(request, 404, f"no such path: {request.path}")

    def _problem(self, request: Received) -> str | None:
        if request.path in OPENAI and request.method == "POST":
            return strict.problem(request.path, request.json, request.headers, self.also)
        if gemini.speaks(request.path):
            return gemini.problem(request.json)
        return aws.problem(request.json) if aws.speaks(request.path) else None


def _is_inference(path: str) -> bool:
    return path in INFERENCE or gemini.speaks(path) or aws.speaks(path)
