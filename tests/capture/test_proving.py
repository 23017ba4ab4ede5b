"""The proof of a proxy's key, by either of its two doors."""

from __future__ import annotations

import httpx
import pytest

from claude_lens.capture.proving import BUILD, SCHEMA, proven
from claude_lens.launcher import build_of, proof
from claude_lens.settings import PACKAGE
from claude_lens.store.schema import HEAD
from tests.harness.proxy import KEY, Proxy

NONCE = "n" * 32


def scope(query: str, server: tuple[str, int] | None = ("127.0.0.1", 8082)) -> dict[str, object]:
    return {"query_string": query.encode(), "server": server}


def test_over_nonce_and_address_of_the_socket() -> None:
    expected = {"proof": proof("sk-k", NONCE, "127.0.0.1:8082"), "address": "127.0.0.1:8082"}
    assert proven(scope(f"nonce={NONCE}"), "sk-k", ()) == expected
    # What it is asked for counts only where the operator says that it leads here.
    wanted = scope(f"nonce={NONCE}&address=127.0.0.1:9")
    assert proven(wanted, "sk-k", ()) == expected
    assert proven(wanted, "sk-k", ("127.0.0.1:9",))["proof"] == proof("sk-k", NONCE, "127.0.0.1:9")
    assert proven(scope(f"nonce={NONCE}", ("::1", 9)), "sk-k", ())["address"] == "[::1]:9"
    assert proven(scope(f"nonce={NONCE}", None), "sk-k", ())["address"] == ""


@pytest.mark.parametrize("query", ["", "nonce=", "nonce=short", f"nonce={NONCE}%0a1", f"nonce={'n' * 129}"])
def test_no_proof(query: str) -> None:
    assert proven(scope(query), "sk-k", ()) == {}
    assert proven(scope(f"nonce={NONCE}"), None, ()) == {}


def test_what_is_told_of_the_build() -> None:
    assert (build_of(str(PACKAGE)), HEAD) == (BUILD, SCHEMA)


def test_a_running_proxy(proxy: Proxy) -> None:
    plain = httpx.get(proxy.url + "/health").json()
    assert "proof" not in plain
    assert (plain["build"], plain["schema"]) == (BUILD, SCHEMA)
    told = httpx.get(f"{proxy.url}/health?nonce={NONCE}").json()
    address = f"127.0.0.1:{proxy.port}"
    assert (told["address"], told["proof"]) == (address, proof(KEY, NONCE, address))
    assert {**told, "proof": None, "address": None} == {**plain, "proof": None, "address": None}
