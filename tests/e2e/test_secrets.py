"""No credential reaches the disk, a log line or what a command prints."""

from __future__ import annotations

import uuid
from pathlib import Path

import httpx
import pytest

from tests.harness import SECRETS, Claude, Proxy
from tests.harness.client import CLIENT_TOKEN, MODEL
from tests.upstream import Provider, error, in_order, say, text

pytestmark = pytest.mark.slow

LOGIN = "sk-ant-oat01-RECOGNISABLE-login-0004"
COOKIE = "RECOGNISABLE-cookie-0005"
WRONG = "sk-RECOGNISABLE-wrong-key-0006"
ANSWERED = "RECOGNISABLE-answered-cookie-0007"
ALL = (*SECRETS, CLIENT_TOKEN, LOGIN, COOKIE, WRONG, ANSWERED)
BODY = {"model": MODEL, "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}


def test_no_secret_is_kept(lane: str, upstream: Provider, tmp_path: Path) -> None:
    cookie = (("set-cookie", f"session={ANSWERED}"),)
    session = str(uuid.uuid4())
    with Proxy(tmp_path / "lens home", upstream.url, CLAUDE_LENS_TRANSPARENT=lane) as proxy:
        upstream.play(in_order(say(text("ok")), error(401, "invalid x-api-key", cookie), say(text("ok"))))
        for credential in (
            {"x-api-key": proxy.key},
            {"Authorization": f"Bearer {proxy.key}"},
            {"x-litellm-api-key": proxy.key, "Authorization": f"Bearer {LOGIN}"},
            {"X-Litellm-Api-Key": f"Bearer {proxy.key}", "X-API-KEY": LOGIN, "Proxy-Authorization": LOGIN},
            {"x-api-key": WRONG},
            {"Authorization": f"Bearer {WRONG}"},
            {"api-key": proxy.key, "x-api-key": proxy.key, "x-goog-api-key": LOGIN},
        ):
            sent = {**credential, "Cookie": f"a={COOKIE}", "x-claude-code-session-id": session}
            for path in ("/v1/messages?beta=true", "/v1/messages/count_tokens"):
                httpx.post(proxy.url + path, json=BODY, headers=sent, timeout=60)
        ended = Claude(tmp_path / "client", upstream.url, proxy).run("hello")
        assert ended.code == 0, ended
        proxy.settled()
        printed = [proxy.lensctl("show", what, "--json").stdout for what in (session, "last")]
        printed += [
            proxy.lensctl(command, check=False).stdout for command in ("status", "doctor", "sessions")
        ]
        assert len(proxy.show(session)["exchanges"]) >= 4
    assert_clean(printed, proxy)


def assert_clean(printed: list[str], proxy: Proxy) -> None:
    """None of the keys in any file of the home folder (log included) or in ``printed``."""
    assert {"lens.db", "proxy.log"} <= {path.name for path in proxy.files()}
    for path in proxy.files():
        content = path.read_bytes()
        for secret in ALL:
            assert secret.encode() not in content, f"{secret} in {path.name}"
        assert path.stat().st_mode & 0o077 == 0 or path == proxy.log, path
    for secret in ALL:
        assert not [text for text in printed if secret in text], secret
