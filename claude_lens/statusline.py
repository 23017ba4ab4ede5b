"""``claude-lens-statusline``: one line for Claude Code's own status line. Standard library only, and little.

Claude Code gives its JSON on standard input and shows what is printed. What only the proxy knows is asked
from its port, with a short patience; without a proxy the client's own figures are all there is.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from claude_lens.launcher import Place, Problem, split

TEMPLATE = "{model} · {ctx} · {cache} · {cost} · {limits} · {plan}"
PARTS = ("model", "ctx", "cache", "cost", "limits", "plan", "project", "session")
PATIENCE = 0.25
LARGEST = 1 << 16
_MODEL = re.compile(r"claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?![\d.])")
_OLD_MODEL = re.compile(r"claude-(\d+)(?:-(\d{1,2}))?-([a-z]+)")
_PLACE = re.compile(r"\{(\w+)\}")


def main() -> None:
    """Entry point. Never fails: a status line with an error in it helps nobody."""
    try:
        told = json.loads(sys.stdin.buffer.read() or b"{}")
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    template = sys.argv[2] if len(sys.argv) > 2 and sys.argv[1] == "--template" else TEMPLATE
    template = os.environ.get("CLAUDE_LENS_STATUSLINE") or template
    text = line(told, ask(str(told.get("session_id") or "")), template)
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")


def line(told: Mapping[str, Any], proxy: Mapping[str, Any], template: str = TEMPLATE) -> str:
    """The line: the template's parts, each left out with its separator where there is nothing to say."""
    made = {name: part(told, proxy) for name, part in _MAKERS.items()}
    shown = []
    for piece in template.split(" · "):
        names = [name for name in _PLACE.findall(piece) if name in made]
        if not names or any(made[name] for name in names):
            shown.append(_PLACE.sub(lambda found: made.get(found[1], found[0]), piece))
    return "".join(char if char.isprintable() else " " for char in " · ".join(shown))


def ask(session: str) -> Mapping[str, Any]:
    """What the proxy says of a session; empty where none answers in time, or not at this key."""
    try:
        place = Place(os.environ)
        scheme, host, port, _ = split(place.url)
        if scheme != "http":
            return {}
        wanted = "".join(char for char in session if char.isalnum() or char in "-_")
        request = (
            f"GET /claude-lens/line?session={wanted} HTTP/1.1\r\nhost: {host}:{port}\r\n"
            f"x-litellm-api-key: {place.key()}\r\nconnection: close\r\n\r\n"
        )
        answer = _talk(host, port, request.encode("latin-1"))
        head, _, body = answer.partition(b"\r\n\r\n")
        found = json.loads(body) if head.split(b" ", 2)[1] == b"200" else {}
    except (OSError, ValueError, IndexError, Problem):
        return {}
    return found if isinstance(found, dict) else {}


def _talk(host: str, port: int, request: bytes) -> bytes:
    """The answer's bytes. Raises OSError."""
    if host in ("127.0.0.1", "localhost"):
        # The module around this one costs as much time as all the rest.
        import _socket

        connection: Any = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        address = ("127.0.0.1", port)
    else:
        import socket

        connection = socket.create_connection((host, port), timeout=PATIENCE)
        address = None
    try:
        if address is not None:
            connection.connect(address)
        connection.sendall(request)
        answer = b""
        while len(answer) < LARGEST and (piece := connection.recv(LARGEST)):
            answer += piece
    finally:
        connection.close()
    return answer


def model(told: Mapping[str, Any], _proxy: Mapping[str, Any]) -> str:
    """``opus-5.5``."""
    named = _object(told, "model")
    ident = str(named.get("id") or "")
    if found := _MODEL.search(ident):
        return f"{found[1]}-{found[2]}" + (f".{found[3]}" if found[3] else "")
    if found := _OLD_MODEL.search(ident):
        return f"{found[3]}-{found[1]}" + (f".{found[2]}" if found[2] else "")
    return ident or str(named.get("display_name") or "")


def context(told: Mapping[str, Any], _proxy: Mapping[str, Any]) -> str:
    """``ctx 41 %``: how much of the context window is used."""
    window = _object(told, "context_window")
    used = _number(window.get("used_percentage"))
    if used is None:
        size, usage = _number(window.get("context_window_size")), _prompt(window)
        used = 100 * sum(usage) / size if size and usage else None
    return "" if used is None else f"ctx {used:.0f} %"


def cache(told: Mapping[str, Any], _proxy: Mapping[str, Any]) -> str:
    """``cache 97 %``: how much of the last prompt came from the cache."""
    usage = _prompt(_object(told, "context_window"))
    return f"cache {100 * usage[0] / sum(usage):.0f} %" if usage else ""


def cost(told: Mapping[str, Any], proxy: Mapping[str, Any]) -> str:
    """``$0.82``: what the session cost, as the proxy priced it, else as the client counts."""
    usd = _number(proxy.get("cost_usd"))
    usd = _number(_object(told, "cost").get("total_cost_usd")) if usd is None else usd
    return "" if usd is None else _money(usd)


def limits(_told: Mapping[str, Any], proxy: Mapping[str, Any]) -> str:
    """``code-reviewer $0.31 of $2``: the limits that are used most."""
    shown = []
    for one in proxy.get("limits") or []:
        spent, limit = _number(one.get("spent")), _number(one.get("limit"))
        if spent is not None and limit is not None:
            usd = one.get("unit") == "usd"
            amounts = [_money(value) if usd else f"{value:g}" for value in (spent, limit)]
            shown.append(f"{one.get('name')} {amounts[0]} of {amounts[1]}")
    return " · ".join(shown)


def plan(told: Mapping[str, Any], proxy: Mapping[str, Any]) -> str:
    """``5h 62 % (+3) · 7d 30 %``: the plan's windows, and what they gained since this session began."""
    shown = []
    for one in proxy.get("plan") or []:
        used, gained = _number(one.get("used")), _number(one.get("gained"))
        if used is not None:
            more = f" (+{100 * gained:.0f})" if gained and round(100 * gained) else ""
            shown.append(f"{one.get('name')} {100 * used:.0f} %{more}")
    if not shown:
        for name, field in (("5h", "five_hour"), ("7d", "seven_day")):
            used = _number(_object(_object(told, "rate_limits"), field).get("used_percentage"))
            if used is not None:
                shown.append(f"{name} {used:.0f} %")
    return " · ".join(shown)


def project(told: Mapping[str, Any], _proxy: Mapping[str, Any]) -> str:
    """The folder's own name."""
    folder = str(_object(told, "workspace").get("project_dir") or told.get("cwd") or "")
    return folder.rstrip("/").rpartition("/")[2]


def session(told: Mapping[str, Any], _proxy: Mapping[str, Any]) -> str:
    """The first eight characters of the session's id."""
    return str(told.get("session_id") or "")[:8]


_MAKERS = dict(zip(PARTS, (model, context, cache, cost, limits, plan, project, session), strict=True))


def _prompt(window: Mapping[str, Any]) -> list[float]:
    """Tokens read from the cache, and others, of the last prompt; empty where there are none."""
    usage = _object(window, "current_usage")
    names = ("cache_read_input_tokens", "input_tokens", "cache_creation_input_tokens")
    counts = [_number(usage.get(name)) or 0.0 for name in names]
    return counts if sum(counts) else []


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _money(usd: float) -> str:
    return f"${usd:.0f}" if usd >= 1 and usd == int(usd) else f"${usd:.2f}"


if __name__ == "__main__":
    main()
