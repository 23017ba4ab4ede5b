from __future__ import annotations

import json
import re

import pytest

from claude_lens.redact import Redactor
from claude_lens.redact.kinds import KINDS, SOURCES
from tests.redact.published import GITLEAKS, TRUFFLEHOG, rules
from tests.redact.samples import example

ALLOWED = 0.05


def test_every_row_says_where_its_form_is_from() -> None:
    assert len(KINDS) >= 200
    for kind in KINDS:
        assert kind.source.split()[0] in SOURCES, kind
        assert kind.begins, kind
        assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", kind.name), kind
        assert {flag.split("=")[0] for flag in kind.flags} <= {
            "back",
            "lead",
            "alone",
            "random",
            "after",
            "anywhere",
        }, kind


@pytest.mark.parametrize("published", [GITLEAKS, TRUFFLEHOG], ids=["gitleaks", "trufflehog"])
def test_the_fixed_forms_of_public_lists_are_known(published: str) -> None:
    redact, remain, tried = Redactor(by_name=False), [], 0
    for name, form in rules(published):
        for _ in range(3):
            secret = example(form.replace("{}", ""))
            tried += 1
            for text in (f"it is {secret}", f"\t{secret}\n", json.dumps({"a": [secret]})):
                shown = redact.text(text)
                if shown == text or secret in shown:
                    remain.append(f"{name}: {form}")
                    break
    assert len(remain) <= ALLOWED * tried, remain
    assert len(set(remain)) <= ALLOWED * len(rules(published)), remain
