"""JSON lines of version 2 (``lines.py``) back into exchanges, one at a time."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from claude_lens import exact
from claude_lens.exchange import Headers, Request, Response
from claude_lens.store import chain, streams

Line = Mapping[str, Any]


class Unfolding:
    """What earlier lines told. Raises ``ValueError`` and its like for lines that are none of ours."""

    def __init__(self) -> None:
        self._contents: dict[int, Any] = {}
        self._steps: dict[int, tuple[int, int]] = {}
        # The newest list of each kind: the next one mostly goes on from it.
        self._paths: dict[str, tuple[int, list[Any]]] = {}

    def take(self, line: Line) -> bool:
        """Whether the line was a content or a step, which is known now."""
        if "step" in line:
            number, after, piece = int(line["step"]), int(line["after"]), int(line["content"])
            if piece not in self._contents or (after and after not in self._steps):
                raise ValueError(f"step {number} refers to what no line before it told")
            self._steps[number] = after, piece
        elif "content" in line:
            self._contents[int(line["content"])] = _content(line)
        else:
            return False
        return True

    def halves(self, line: Line) -> tuple[Request, Response | None]:
        """Request and answer of an exchange's line."""
        response = line["response"]
        return self._request(line["request"]), None if response is None else self._response(response)

    def _piece(self, number: Any) -> Any:
        if number not in self._contents:
            raise ValueError(f"content {number} was not told by a line before")
        return self._contents[number]

    def _json(self, number: Any) -> Any:
        value = self._piece(number)
        return exact.load(value) if isinstance(value, bytes) else value

    def _headers(self, told: Any) -> Headers:
        pairs = told if isinstance(told, list) else [] if told is None else self._piece(told)
        return tuple((str(name), str(text)) for name, text in pairs)

    def _list(self, name: str, tip: int) -> list[Any]:
        known_tip, known = self._paths.get(name, (0, []))
        new: list[Any] = []
        at = tip
        while at not in (0, known_tip):
            at, piece = self._steps[at]
            new.append(self._contents[piece])
        found = [*(known if at == known_tip and at else []), *reversed(new)]
        self._paths[name] = tip, found
        return found

    def _request(self, told: Line) -> Request:
        headers, query = self._headers(told.get("headers")), str(told["query"])
        if told.get("params") is None:
            raw = self._piece(told["raw"]) if told.get("raw") is not None else b""
            return Request(headers=headers, query=query, body=_as_bytes(raw))
        marks, single = told.get("shape") or ([], [])
        lists = {name: self._list(name, int(told[name])) for name in chain.LISTS if told.get(name)}
        json = chain.join(self._json(told["params"]), lists, frozenset(single), marks)
        return Request(headers=headers, query=query, body=exact.dump(json), json=json, lossless=True)

    def _response(self, told: Line) -> Response:
        headers = self._headers(told["headers"])
        if told.get("rest") is None:
            raw = self._piece(told["raw"]) if told.get("raw") is not None else b""
            return Response(headers=headers, body=_as_bytes(raw))
        json = dict(told["rest"])
        message = None if told.get("message") is None else self._json(told["message"])
        if message is not None and "role" in json:
            json.update(message)
        packed = told.get("stream")
        if packed is None:
            return Response(headers=headers, body=exact.dump(json), json=json)
        known = exact.dump(told["rest"]) + (b"" if message is None else exact.dump(message))
        body = streams.unpack(int(packed["codec"]), b64decode(packed["data"], validate=True), known)
        if len(body) != packed["size"]:
            raise ValueError("an event stream has another size than it should have")
        return Response(headers=headers, body=body, json=json)


def _content(line: Line) -> Any:
    if "json" in line:
        return line["json"]
    if "text" in line:
        return str(line["text"]).encode("utf-8", "surrogatepass")
    return b64decode(line["base64"], validate=True)


def _as_bytes(raw: Any) -> bytes:
    # The bytes were somebody's JSON as well.
    return raw if isinstance(raw, bytes) else exact.dump(raw)
