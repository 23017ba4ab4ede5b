import sys
import threading
import time

import httpx

from claude_lens.proxy import key as keys
from claude_lens.proxy.health import status
from tests.harness.lens import Lens
from tests.upstream import Provider, always, held, say, text


def test_rotate_lets_running_requests_finish(lens: Lens, upstream: Provider) -> None:
    lens.environment |= {"ANTHROPIC_FORWARD_URL": upstream.url, "ANTHROPIC_API_KEY": "sk-ant-x"}
    assert lens.lensctl("up").returncode == 0
    old = keys.proxy_key(lens.settings)
    finish = threading.Event()
    upstream.play(always(held(say(text("took its time")), finish)))
    answers: list[httpx.Response] = []
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}

    def ask() -> None:
        given = {"x-api-key": old}
        answers.append(httpx.post(f"{lens.url}/v1/messages", json=body, headers=given, timeout=60))

    thread = threading.Thread(target=ask)
    thread.start()
    while not upstream.calls:
        time.sleep(0.02)
    child = lens.start(sys.executable, "-P", "-m", "claude_lens", "key", "rotate")
    while (new := keys.proxy_key(lens.settings)) == old or status(lens.url, new) is None:
        assert child.poll() is None, child.communicate()
    assert thread.is_alive(), "the new proxy serves while the old one finishes"
    finish.set()
    out, err = child.communicate(timeout=60)
    thread.join()
    assert child.returncode == 0, err
    assert new != old
    assert new not in out + err
    assert answers[0].status_code == 200
    assert "took its time" in answers[0].text
    assert status(lens.url, new) is not None
    assert status(lens.url, old) is None


def test_rotate_without_a_proxy(lens: Lens) -> None:
    done = lens.lensctl("key", "rotate")
    assert done.returncode == 0
    assert keys.masked(keys.existing(lens.settings)) in done.stdout


def test_a_key_of_the_users_own_is_theirs_to_change(lens: Lens) -> None:
    done = lens.lensctl("key", "rotate", LITELLM_MASTER_KEY="sk-mine")
    assert done.returncode == 2
    assert "LITELLM_MASTER_KEY" in done.stderr
    assert not lens.home.exists()
