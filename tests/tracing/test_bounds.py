"""What leaves the machine: bounded, hidden, redacted, media named."""

from __future__ import annotations

import json

import pytest

from claude_lens.tracing import names
from claude_lens.tracing.bounds import SPAN_BYTES, VALUE_BYTES, Collector
from claude_lens.tracing.hiding import environment_hiding


def test_a_span_is_bounded_and_says_what_it_lacks() -> None:
    out = Collector()
    for number in range(100):
        out.add(f"value.{number}", "x" * 50_000)
    done = out.done()
    assert sum(len(name) + len(str(value)) for name, value in done.items()) < SPAN_BYTES + 10_000
    assert len(done) - 1 + int(str(done[names.LEFT_OUT])) == 100
    assert len(done) > 25


def test_nothing_says_nothing() -> None:
    out = Collector()
    for value in (None, "", ()):
        out.add("x", value)
    out.add("zero", 0)
    out.json("list", [])
    assert out.done() == {"zero": 0, "list": "[]"}


def test_json_stays_json_and_media_are_named() -> None:
    out = Collector()
    image = {"type": "image", "source": {"media_type": "image/png", "data": "A" * 40_000}}
    out.json("x", {"messages": [{"content": [image, {"type": "text", "text": "y" * 40_000}]}]})
    value = str(out.done()["x"])
    assert len(value.encode()) <= VALUE_BYTES
    named, text = json.loads(value)["messages"][0]["content"]
    assert named == {"type": "text", "text": "[image image/png, 40000 bytes of base64]"}
    assert text["text"].startswith("yyy")


def test_a_secret_is_known_before_it_could_be_cut() -> None:
    out = Collector(redact=lambda text: text.replace("SECRET" * 4, "[redacted]"))
    padding = "x" * (VALUE_BYTES - 60)
    out.json("x", {"text": padding + "SECRET" * 4})
    out.json("y", [padding + "SECRET" * 4, "z" * 9000])
    out.add("z", padding + "SECRET" * 4)
    assert "SECRET" not in str(out.done())
    assert out.words("output", "a SECRETSECRETSECRETSECRET") == "a [redacted]"


def test_hiding_as_openinference_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENINFERENCE_HIDE_INPUTS", "true")
    monkeypatch.setenv("OPENINFERENCE_HIDE_OUTPUT_TEXT", "true")
    out = Collector(environment_hiding())
    out.add(names.INPUT_VALUE, "secret")
    out.add("llm.input_messages.0.message.content", "secret")
    out.add("llm.output_messages.0.message.content", "secret")
    out.add(names.SESSION_ID, "s")
    done = out.done()
    assert "secret" not in str(done)
    assert done[names.SESSION_ID] == "s"
    assert done[names.INPUT_VALUE] == "__REDACTED__"
    assert "llm.input_messages.0.message.content" not in done
