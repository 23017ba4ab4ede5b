"""A team's set-up: the store on PostgreSQL, one proxy or two, which share what they know through Redis."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from claude_lens import settings as setting_table
from claude_lens.dashboard.app import create_app
from claude_lens.dashboard.server import link
from claude_lens.store.maintenance.verify import verify
from claude_lens.store.reading.agents import Node, tree
from claude_lens.store.reading.queries import Reader
from tests.e2e.routed import write_config
from tests.harness import Claude, Proxy
from tests.harness.client import MODEL
from tests.harness.postgres import Postgres
from tests.harness.processes import free_port
from tests.harness.proxy import until
from tests.harness.redis import MISSING, PROGRAM, Redis
from tests.upstream import Provider, always, by_agent, say, spawn, text, tool_use, turns

pytestmark = pytest.mark.slow
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
RULES = "subagent_routing:\n  rules:\n    - type: nobody\n      to: claude-sonnet-5-5\n"
PASSWORD = "RECOGNISABLE-db-password"
TURN_BY_TURN = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 16m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream proxies {{ server 127.0.0.1:{one}; server 127.0.0.1:{other}; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://proxies; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Host $http_host;
    }}
  }}
}}
"""


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    """A database as an administrator hands it out, nothing in it."""
    url = postgres.empty()
    yield url
    postgres.drop(url)


def ask(proxy: Proxy, words: str, session: str) -> None:
    """A streamed exchange."""
    body = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": words}]}
    headers = {"x-api-key": proxy.key, "x-claude-code-session-id": session}
    with httpx.stream(
        "POST", proxy.url + "/v1/messages", json={**body, "stream": True}, headers=headers, timeout=60
    ) as answer:
        assert answer.status_code == 200
        assert b"message_stop" in answer.read()


def test_a_streamed_exchange_and_all_that_reads_it(address: str, upstream: Provider, tmp_path: Path) -> None:
    upstream.play(always(say(text("the walrus is well"))))
    session = str(uuid.uuid4())
    home = tmp_path / "home"
    with Proxy(home, upstream.url, CLAUDE_LENS_DATABASE_URL=address) as proxy:
        ask(proxy, "how is the walrus?", session)
        proxy.settled()
        proxy.assert_sound()

        def said(*line: str) -> Any:
            return json.loads(proxy.lensctl(*line, "--json").stdout)

        assert [one["id"] for one in said("sessions")] == [session]
        (shown,) = said("show", "last")["exchanges"]
        assert shown["response"]["body"]["content"][0]["text"] == "the walrus is well"
        assert proxy.lensctl("show", shown["id"], "--raw").stdout.startswith("event: message_start")
        assert {hit["part"] for hit in said("search", "walrus")} == {"prompt", "answer"}
        assert said("stats")["total"]["requests"] == 1
        assert said("verify")["damage"] == []
        status = proxy.lensctl("status", "--json").stdout
        assert PASSWORD not in status
        assert json.loads(status)["database"]["bytes"] > 100_000
        doctor = proxy.lensctl("doctor", "--json", check=False).stdout
        assert PASSWORD not in doctor
        (found,) = [check for check in json.loads(doctor) if check["name"] == "database"]
        assert found["ok"], found
        for line, advice in ((("backup", "copy.db"), "pg_dump"), (("reset", "--yes"), "dropdb")):
            refused = proxy.lensctl(*line, check=False)
            assert refused.returncode != 0
            assert advice in refused.stderr
        pages(proxy, session, shown["id"])
    assert not (home / "lens.db").exists()
    assert not [path for path in proxy.files() if PASSWORD.encode() in path.read_bytes()]


def pages(proxy: Proxy, session: str, exchange: str) -> None:
    """Every page of the dashboard answers, and tells of what was recorded."""
    settings = setting_table.parse(proxy.environment)
    origin = "http://127.0.0.1:8083"
    with TestClient(create_app(settings, "127.0.0.1", 8083), base_url=origin) as browser:
        browser.get(link(settings, origin)).raise_for_status()
        for path, word in (
            ("/live", exchange[:8]),
            ("/sessions", "walrus"),
            ("/sessions?q=walrus&order=cost", "walrus"),
            (f"/sessions/{session}", "walrus"),
            (f"/exchanges/{exchange}", "walrus"),
            ("/search?q=walr*", "walrus"),
            ("/numbers", "model"),
            ("/numbers/sums", MODEL),
            ("/system", "postgresql"),
        ):
            answer = browser.get(path)
            assert answer.status_code == 200, (path, answer.text[:500])
            assert word in answer.text, path
            assert PASSWORD not in answer.text


@contextmanager
def balanced(one: Proxy, other: Proxy, folder: Path) -> Iterator[str]:
    """An nginx that gives every request to the proxy whose turn it is; its address."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    folder.mkdir()
    port = free_port()
    conf = TURN_BY_TURN.format(folder=folder, port=port, one=one.port, other=other.port)
    (folder / "nginx.conf").write_text(conf)
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(url + "/health").status_code == 200
        except httpx.HTTPError:
            return False

    try:
        until(answers, 20, lambda: (folder / "error.log").read_text())
        yield url
    finally:
        process.terminate()
        process.wait(10)


def drawn(nodes: list[Node]) -> list[Any]:
    """Agents with their types and numbers of exchanges, nested."""
    return sorted((node["type"] or "main", node["exchanges"], drawn(node["agents"])) for node in nodes)


@pytest.mark.parametrize("hints", [True, False], ids=["hints", "by Redis"])
def test_two_proxies_record_one_tree(hints: bool, address: str, upstream: Provider, tmp_path: Path) -> None:
    """Requests go to two proxies in turn; without the client's hints, only Redis tells them of each other."""
    if not hints and PROGRAM is None:
        pytest.skip(MISSING)
    both = (spawn("LOOK around", "Explore", background=False), spawn("OUTER task", background=False))
    inner = turns(say(spawn("INNER task", background=False)), say(text("counted")))
    upstream.play(
        by_agent(
            turns(say(*both), say(text("all done"))),
            {
                "INNER task": turns(say(tool_use("Bash", {"command": "echo hi"})), say(text("seven"))),
                "LOOK around": turns(say(tool_use("Bash", {"command": "echo ho"})), say(text("seen"))),
                "OUTER task": inner,
            },
        )
    )
    with ExitStack() as stack:
        given = {"CLAUDE_LENS_DATABASE_URL": address}
        redis, config = None, None
        if not hints:
            # What workers know of a session's agents is shared where rules ask for it.
            config = write_config(tmp_path / "config", RULES)
            redis = stack.enter_context(Redis(tmp_path))
            given |= {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis.port)}
        one, other = (
            stack.enter_context(Proxy(tmp_path / name, upstream.url, config, **given))
            for name in ("one", "other")
        )
        url = stack.enter_context(balanced(one, other, tmp_path / "nginx"))
        client = Claude(tmp_path, upstream.url, one, via=url)
        ran = client.run("go", CLAUDE_CODE_GATEWAY_HINT_HEADERS="1" if hints else "0")
        assert ran.code == 0, ran.stdout + ran.stderr
        for proxy in (one, other):
            proxy.settled()
            proxy.assert_sound()
            assert proxy.status()["lanes"]["transparent"] > 2
        if redis is not None:
            assert redis.says("DBSIZE") != ":0\r\n"
    with Reader(address) as reader:
        session = reader.sessions(1)[0]["id"]
        found = reader.exchanges(session)
        assert len({each["id"] for each in found}) == len(found)
        assert {each["lane"] for each in found} == {"transparent"}
        agents = drawn(tree(reader, session)["agents"])
        report = verify(reader)
        with reader.connect() as connection:
            told = connection.exec_driver_sql(
                "SELECT count(DISTINCT worker), count(*) FROM exchanges WHERE agent_id IS NOT NULL"
            ).one()
    assert report.sound, report.damage
    assert tuple(told) == (2, 6)
    ((kind, _, below),) = agents
    assert (kind, below) == (
        "main",
        [("Explore", 2, []), ("general-purpose", 2, [("general-purpose", 2, [])])],
    )
