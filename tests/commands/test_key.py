import sys
import threading
import time

import httpx

from claude_lens.proxy import key as keys
from claude_lens.proxy.health import health, status
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
        answers.append(httpx.post(f"{lens.url}/v1/messages", json=body, headers=given, timeout=180))

    thread = threading.Thread(target=ask)
    thread.start()
    while not upstream.calls:
        time.sleep(0.02)
    child = lens.start(sys.executable, "-P", "-m", "claude_lens", "key", "rotate")
    while (new := keys.proxy_key(lens.settings)) == old or status(lens.url, new) is None:
        assert child.poll() is None, child.communicate()
    assert thread.is_alive(), "the new proxy serves while the old one finishes"
    finish.set()
    out, err = child.communicate(timeout=180)
    thread.join()
    assert child.returncode == 0, err
    assert new != old
    assert new not in out + err
    assert answers[0].status_code == 200
    assert "took its time" in answers[0].text
    assert status(lens.url, new) is not None
    assert status(lens.url, old) is not None, "open sessions go on with the old one"
    assert "the old key is good until " in err
    # What cannot be started leaves all as it was, the key included.
    (lens.home / "litellm_config.yaml").write_text("model_list: [\n")
    done = lens.lensctl("key", "rotate", "--grace", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lensctl: the key is as it was\n")
    assert keys.proxy_key(lens.settings) == new
    assert health(lens.url, lens.settings).proved


def test_rotate_without_a_proxy(lens: Lens) -> None:
    done = lens.lensctl("key", "rotate")
    assert done.returncode == 0
    assert keys.masked(keys.existing(lens.settings)) in done.stdout
    first = keys.proxy_key(lens.settings)
    assert not keys.old_file(lens.settings).exists()
    assert lens.lensctl("key", "rotate", "--grace", "2m").returncode == 0
    kept = keys.old(lens.settings)
    assert kept is not None
    assert kept[0] == first
    assert 60 < kept[1] - time.time() <= 120
    assert keys.known(lens.settings) == [keys.proxy_key(lens.settings), first]
    assert lens.lensctl("key", "rotate", "--grace", "0").returncode == 0
    assert keys.old(lens.settings) is None
    wrong = lens.lensctl("key", "rotate", "--grace", "soon")
    assert wrong.returncode == 2
    assert "expected 0 or a duration above zero" in wrong.stderr


def test_a_key_of_the_users_own_is_theirs_to_change(lens: Lens) -> None:
    done = lens.lensctl("key", "rotate", LITELLM_MASTER_KEY="sk-mine")
    assert done.returncode == 2
    assert "LITELLM_MASTER_KEY" in done.stderr
    assert not lens.home.exists()
