from __future__ import annotations

from base64 import b64encode

import pytest

from claude_lens.redact import Redactor
from tests.redact.samples import SAMPLES, key_block

WHOLE = [
    (kind, secret) for kind, secret in SAMPLES if kind in {"github-token", "gitlab-token", "anthropic-key"}
]


@pytest.mark.parametrize(("kind", "secret"), WHOLE)
def test_base64_of_a_known_kind_is_found(kind: str, secret: str) -> None:
    for said in (secret, secret + "\n"):
        run = b64encode(said.encode()).decode()
        wrapped = "\n".join(run[place : place + 76] for place in range(0, len(run), 76))
        for text in (run, f"  token: {run}\n", f'{{"a": "{run}"}}', wrapped):
            shown = Redactor().text(text)
            assert f"[redacted:{kind}:" in shown
            assert run[:20] not in shown


def test_a_key_in_base64_is_found() -> None:
    run = b64encode(key_block("RSA ").encode()).decode()
    assert Redactor(by_name=False).text(f"data: {run}").startswith("data: [redacted:private-key:")


def test_other_base64_stays() -> None:
    for said in ("ghp_ is how they begin", "ghp_" * 30, "sk-ant-", "-----BEGIN CERTIFICATE-----\nMIIB"):
        run = b64encode(said.encode()).decode()
        assert Redactor().text(run) == run
