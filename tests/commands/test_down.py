import json
import threading
import time

import httpx

from claude_lens.proxy import key as keys
from claude_lens.proxy import supervisor
from claude_lens.proxy.health import health
from tests.harness.lens import Lens
from tests.upstream import Provider, always, say, slow, text


def test_running_requests_finish_and_are_recorded(lens: Lens, upstream: Provider) -> None:
    lens.environment |= {"ANTHROPIC_FORWARD_URL": upstream.url, "ANTHROPIC_API_KEY": "sk-ant-x"}
    assert lens.lensctl("up").returncode == 0
    upstream.play(always(slow(say(text("took its time")), first=1.5)))
    answers: list[httpx.Response] = []
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"x-api-key": keys.proxy_key(lens.settings), "x-claude-code-session-id": "s-1"}

    def ask() -> None:
        answers.append(httpx.post(f"{lens.url}/v1/messages", json=body, headers=headers, timeout=30))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    while len(upstream.calls) < 5:
        time.sleep(0.02)
    done = lens.lensctl("down")
    for thread in threads:
        thread.join()
    assert (done.returncode, done.stdout, done.stderr) == (0, "the proxy has stopped\n", "")
    assert [answer.status_code for answer in answers] == [200] * 5
    shown = json.loads(lens.lensctl("show", "last", "--json").stdout)
    assert [one["status"] for one in shown["exchanges"]] == ["ok"] * 5
    assert health(lens.url).state == "down"
    assert supervisor.current(lens.settings) is None


def test_was_not_running(lens: Lens) -> None:
    done = lens.lensctl("down")
    assert (done.returncode, done.stdout, done.stderr) == (0, "the proxy was not running\n", "")


def test_somebody_elses_proxy_is_left_alone(served: Lens, lens: Lens) -> None:
    done = lens.lensctl("down", CLAUDE_LENS_URL=served.url)
    assert done.returncode == 1
    assert "was started by something else" in done.stderr
    assert health(served.url).healthy
