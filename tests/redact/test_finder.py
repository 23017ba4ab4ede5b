from __future__ import annotations

import time

import pytest

from claude_lens.redact import Redactor, mark
from claude_lens.redact.forms import FORMS
from tests.redact.samples import SAMPLES, some

SECRET = SAMPLES[20][1]
MARK = mark("github-token", SECRET)
E = "\x1b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{E}[31m{SECRET}{E}[0m", f"{E}[31m{MARK}{E}[0m"),
        (f"key{E}[31m{SECRET}", f"key{E}[31m{MARK}"),
        (f"T={E}[01;31m{E}[K{SECRET[:6]}{E}[m{E}[K{SECRET[6:]} x", f"T={E}[01;31m{E}[K{MARK}{E}[m{E}[K x"),
        (f"a {SECRET[:20]}{E}[31m{SECRET[20:25]}{E}[m{SECRET[25:]} x", f"a {MARK}{E}[31m{E}[m x"),
        (f"\\x1b[31m{SECRET}\\x1b[0m", f"\\x1b[31m{MARK}\\x1b[0m"),
        (f"\\u001b[0m{SECRET}", f"\\u001b[0m{MARK}"),
        (f"\\033[1;32m{SECRET}", f"\\033[1;32m{MARK}"),
        (f"\\0{SECRET}\\0", f"\\0{MARK}\\0"),
        (f"a=3D{SECRET}=20", f"a=3D{MARK}=20"),
        (f"token%3D{SECRET}%26", f"token%3D{MARK}%26"),
        (f"KEY_{SECRET}", f"KEY_{MARK}"),
        (f"{E}]8;;http://x{E}\\{SECRET}{E}]8;;{E}\\", f"{E}]8;;http://x{E}\\{MARK}{E}]8;;{E}\\"),
        (f"{SECRET},{SECRET}", f"{MARK},{MARK}"),
    ],
)
def test_colours_and_escapes_hide_nothing_and_stay(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown
    assert Redactor().text(shown) == shown


def test_a_mark_is_no_secret() -> None:
    for kind in ("password", "secret", "token", "x-api-key"):
        text = f"{kind}={mark(kind, 'abc')} and password: {mark(kind, 'abd')}"
        assert Redactor().text(text) is text


def anchors() -> list[str]:
    return sorted({anchor for form in FORMS for anchor in form.anchors[:2]})


@pytest.mark.timed
def test_anchors_that_fit_nothing_cost_little() -> None:
    redact = Redactor()
    redact.text(" ".join(anchors()))
    slow = {}
    for text in (
        "task-disk-sk-" * 10_000,
        "sk- " * 10_000,
        "sk-ant-" * 3 + " gh" + "p_ eyJ ://" * 10_000,
        "-----BEGIN " * 10_000,
        "key = " * 10_000,
        "password: str, " * 10_000,
        " ".join(anchors()) * (10_000 // len(anchors())),
        "[redacted:" * 10_000,
        f"{E}[0m" * 10_000,
        "".join(f"token{some(3)}= " for _ in range(10_000)),
    ):
        start = time.process_time()
        redact.text(text)
        slow[text[:20]] = round(time.process_time() - start, 3)
    # It was 45 s where a search began at each anchor.
    assert max(slow.values()) < 0.1, slow


def test_time_grows_with_the_text() -> None:
    redact, times = Redactor(), []
    for size in (2_000, 20_000):
        text = f"{SECRET} task-list disk-usage sk-learn token= x password: y\n" * size
        start = time.process_time()
        redact.text(text)
        times.append(time.process_time() - start)
    assert times[1] < 40 * times[0], times
