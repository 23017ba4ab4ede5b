"""Requests as they were sent, from the lines in which newer clients keep them (since about 2.1.332).

Before each answer stands an ``api-request``: the parameters, where the marks of the cache were, and the
messages by their digests (``keep`` of the request ``base``, then ``tail``). ``api-request-shape`` has system
and tools, ``api-request-blob`` a message that no other line says as it was sent; an answer is known by the
digest of what it says. The client's own first system block and ``metadata`` are not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from claude_lens import exact
from claude_lens.exchange import Headers
from claude_lens.redact import Redactor
from claude_lens.store import chain, content
from claude_lens.store.transfer.histories import Branch, Histories, History
from claude_lens.store.transfer.sayings import Saying, Sayings
from claude_lens.store.transfer.source import Source
from claude_lens.store.transfer.trees import Answer, Place, text

_REQUEST: Final = "api-request"
_SHAPE: Final = "api-request-shape"
_BLOB: Final = "api-request-blob"
_NAMES: Final = {_REQUEST: "id", _SHAPE: "shapeHash", _BLOB: "hash"}
_KEPT: Final = 32
"""So many requests that others may be based on; earlier ones are worked out again."""
_BETA: Final = "anthropic-beta"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its parts for the store, its body without the messages, headers, the messages, the time."""

    parts: chain.Parts
    body: Mapping[str, Any]
    headers: Headers
    history: History
    at: Mapping[str, Any]


class Requests:
    """The requests of one transcript: :meth:`see` its lines, then ask for those that answers were for."""

    def __init__(self, source: Source, answers: Mapping[str, Answer]) -> None:
        self._source, self._answers = source, answers
        self._places: dict[str, dict[str, Place]] = {kind: {} for kind in _NAMES}
        self._shapes: dict[str, tuple[Mapping[str, Any], chain.Parts]] = {}
        self._histories: dict[str, History] = {}
        self._said: dict[str, str] = {}
        self._unsaid: Iterator[Answer] | None = None

    def see(self, raw: Mapping[str, Any], place: Place) -> None:
        """Take in a line, if it is about a request."""
        kind = raw.get("type")
        if isinstance(kind, str) and (name := text(raw.get(_NAMES.get(kind, "")))):
            self._places[kind].setdefault(name, place)

    def sent(
        self, answer: Answer, histories: Histories, texts: Sayings, redactor: Redactor | None
    ) -> Sent | None:
        """The request of an answer; None where the transcript does not tell.

        Raises ``ValueError`` and its like where what it tells makes no sense.
        """
        place = self._places[_REQUEST].get(answer.asked or "")
        if answer.asked is None or place is None:
            return None
        raw = self._source.again(place)
        history, shaped = self._history(answer.asked, texts), self._shape(raw, redactor)
        if history is None or shaped is None:
            return None
        params = {name: value for name, value in raw["params"].items() if name != "betas"}
        params = exact.load(redactor.json(exact.dump(params))) if redactor else params
        shape, whole = shaped
        body = {"model": params.pop("model"), "messages": None, **shape, **params, "stream": True}
        messages, marks = histories.chain(history)
        chains = {**whole.chains, **({"messages": messages} if messages.steps else {})}
        marks = [*whole.marks, *marks, *_marks(raw.get("cacheControl"), chains)]
        data = exact.dump({**body, **dict.fromkeys(chains)})
        digest = chain.request_digest(content.digest(data), chain.chains_tips(chains), marks)
        betas = raw["params"].get("betas")
        return Sent(
            parts=chain.Parts(data, chains, frozenset(), marks, digest),
            body=body,
            headers=((_BETA, ",".join(map(str, betas))),) if betas else (),
            history=history,
            at=raw,
        )

    def _shape(
        self, raw: Mapping[str, Any], redactor: Redactor | None
    ) -> tuple[Mapping[str, Any], chain.Parts] | None:
        name = str(raw.get("shapeHash"))
        place = self._places[_SHAPE].get(name)
        if name not in self._shapes and place is not None:
            told = self._source.again(place)["shape"]
            shape = {part: told[part] for part in ("system", "tools") if told.get(part)}
            if any(not isinstance(one, Mapping) for part in shape.values() for one in part):
                return None
            shape = exact.load(redactor.json(exact.dump(shape))) if redactor else shape
            self._shapes[name] = shape, chain.split(shape)
        return self._shapes.get(name)

    def _history(self, name: str, texts: Sayings) -> History | None:
        """The messages of a request; None where one of them cannot be found."""
        asked: dict[str, Mapping[str, Any]] = {}
        wanted: str | None = name
        # Should a request be based on one that is based on it, there is no beginning.
        while wanted and wanted not in self._histories and wanted not in asked:
            place = self._places[_REQUEST].get(wanted)
            if place is None:
                return None
            asked[wanted] = self._source.again(place)
            wanted = text(asked[wanted].get("base")) if asked[wanted].get("keep") else None
        for one, raw in reversed(asked.items()):
            grown = self._grown(raw, texts)
            if grown is None:
                return None
            self._histories[one] = grown
            if len(self._histories) > _KEPT:
                del self._histories[next(iter(self._histories))]
        return self._histories[name]

    def _grown(self, raw: Mapping[str, Any], texts: Sayings) -> History | None:
        keep = int(raw.get("keep") or 0)
        base = self._histories.get(str(raw.get("base"))) if keep else History(Branch(), 0, 0)
        if base is None or base.length < keep:
            return None
        marked = _marked(raw)
        # What was the newest message, and is not any more, is sent as a string from now on.
        first = min((at for at in base.listed if at < keep and at not in marked), default=keep)
        branch = base.branch
        if first < base.length or len(branch.said) != base.length:
            branch = branch.beginning(first, base.clock)
        listed = [at for at in base.listed if at < first]
        again = [replace(saying, plain=False) for saying in base.branch.said[first:keep]]
        for digest in (*again, *(raw.get("tail") or ())):
            saying = digest if isinstance(digest, Saying) else self._saying(digest, texts)
            if saying is None:
                return None
            if saying.sent is not None and _is_one_text(self._source.again(saying.sent)["message"]):
                if len(branch.said) in marked:
                    listed.append(len(branch.said))
                else:
                    saying = replace(saying, plain=True)
            branch.said.append(saying)
        return History(branch, len(branch.said), branch.clock, listed=tuple(listed))

    def _saying(self, digest: str, texts: Sayings) -> Saying | None:
        if (place := self._places[_BLOB].get(digest)) is not None:
            return Saying(sent=place)
        if self._unsaid is None:
            self._unsaid = iter(list(self._answers.values()))
        while digest not in self._said and (one := next(self._unsaid, None)) is not None:
            message = {"role": "assistant", "content": texts.blocks(one.key)[0]}
            data = orjson.dumps(message, option=orjson.OPT_SORT_KEYS)
            self._said[hashlib.sha256(data).hexdigest()] = one.key
        key = self._said.get(digest)
        return None if key is None else Saying(answer=key)


def _marked(raw: Mapping[str, Any]) -> set[int]:
    """The messages that have marks of the cache."""
    paths = [mark["path"] for mark in raw.get("cacheControl") or ()]
    return {path[1] for path in paths if path[0] == "messages"}


def _is_one_text(message: Mapping[str, Any]) -> bool:
    """Whether a message may as well be a string. The client sends one as a list only where it is marked."""
    told = message.get("content")
    return (
        message.get("role") != "assistant"
        and isinstance(told, list)
        and len(told) == 1
        and told[0].keys() == {"type", "text"}
    )


def _marks(told: Any, chains: Mapping[str, chain.Chain]) -> Iterator[chain.Mark]:
    """Marks of the cache, from where the client says that they were."""
    for mark in told if isinstance(told, list) else ():
        path = mark["path"]
        elements = chains[path[0]].values if path[0] in chains else ()
        inner = path[3::2]
        if not 0 <= path[1] < len(elements) or set(path[2::2]) - {"content"}:
            continue
        value = elements[path[1]]
        for index in inner:
            blocks = value.get("content") if isinstance(value, Mapping) else None
            value = blocks[index] if isinstance(blocks, list) and 0 <= index < len(blocks) else None
        if isinstance(value, Mapping):
            yield [path[0], path[1], inner, mark["value"]]
