from __future__ import annotations

import json
import time

import pytest

from claude_lens.redact.blocks import Blocks
from tests.redact.samples import B64, key_block, some


@pytest.mark.parametrize("kind", ["", "RSA ", "OPENSSH ", "ENCRYPTED "])
@pytest.mark.parametrize("lines", [4, 60])
def test_a_block_is_found_however_it_is_shown(kind: str, lines: int) -> None:
    block = key_block(kind, lines)
    numbered = "".join(f"{number:6}\t{line}\n" for number, line in enumerate(block.splitlines(), 1))
    arrows = "".join(f"{number:6}→{line}\n" for number, line in enumerate(block.splitlines(), 1))
    indented = block.replace("\n", "\n        ")
    changed = block.replace("\n", "\n+")
    for text in (block, numbered, arrows, indented, changed, json.dumps(block), block.replace("\n", "\r\n")):
        start = text.index("-----BEGIN")
        found = Blocks(text).at(start)
        assert found is not None, text[:80]
        assert text[found[1] - 5 : found[1]] == "-----"


def test_a_block_that_is_cut_off_ends_with_its_data() -> None:
    cut = key_block("RSA ").rsplit("\n", 4)[0]
    text = f"{cut}\nand that was all of it"
    assert Blocks(text).at(0) == (0, len(cut))


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY----- is how it starts, and it is over at -----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + some(64, B64) + "\n-----END PUBLIC KEY-----",
        'if line == "-----BEGIN PRIVATE KEY-----":\n    a = True\nelif line == "-----END PRIVATE KEY-----":',
    ],
)
def test_what_only_talks_of_one_is_none(text: str) -> None:
    assert Blocks(text).at(text.index("-----BEGIN")) is None


@pytest.mark.timed
def test_many_that_do_not_end_cost_little() -> None:
    text = "-----BEGIN PRIVATE KEY-----\n" * 10_000
    blocks, start = Blocks(text), time.process_time()
    assert not any(blocks.at(place * 28) for place in range(10_000))
    assert time.process_time() - start < 2
