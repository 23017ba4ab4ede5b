"""What the redactor replaces, and what it leaves."""

from __future__ import annotations

import dataclasses
import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_lens.exchange import GONE, Agent, Exchange, Identity, Model, Request, Response
from claude_lens.redact import FORMS, Redactor, mark
from tests.redact.samples import AROUND, SAMPLES, around

LOOK_ALIKES = [
    "sk-ant-...",
    "sk-ant-api03-xxx",
    "export ANTHROPIC_API_KEY=sk-ant-",
    "task-1234567890123456789012345678901234567890",
    "risk-abcdefghijklmnopqrstuvwxyz0123456789",
    "sk-learn-pipeline-feature-engineering-tools",
    "sk-fading-circle-spinner-component-wrapper",
    "disk-0123456789abcdef0123456789abcdef",
    "desk-proj-abcdefghijklmnopqrst",
    "ghp_short",
    "ghp_example_token_goes_here_and_is_not_one",
    "myghp_" + "a1" * 18,
    "github_pat_description",
    "glpat-xyz",
    "AKIA",
    "AKIAIOSFODNN",
    "AKIA-is-the-prefix-of-keys",
    "MAKIAVELLI1234567890ABCDEF",
    "XAKIA" + "ABCDEFGHIJKLMNOP",
    "akiaabcdefghijklmnop",
    "xoxb-",
    "xoxo hugs and kisses to everyone here",
    "xoxb-token",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "-----BEGIN PRIVATE KEY-----",
    "a file begins with -----BEGIN RSA PRIVATE KEY----- and ends",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJ.eyJ.x",
    "eyJhbGciOi.notjson.signature",
    "Bearer",
    "Bearer token",
    "Bearer <your-token-here-0123456789>",
    "Bearer ${ACCESS_TOKEN_V2_PRODUCTION}",
    "Authorization: Bearer $TOKEN",
    "bearer of good news arrived with the letter",
    "Bearer authentication-is-described-in-the-docs",
    "Bearer YOUR_ACCESS_TOKEN_GOES_RIGHT_HERE",
    "AIzaShort",
    "pizzAIza" + "a1" * 20,
    "npm_config_registry",
    "npm_package_version_is_set_by_the_tool",
    "npm_lifecycle_event=test npm_execpath=/usr/bin/npm",
    "pypi-server",
    "pypi-AgEshort",
    "hf_hub_download",
    "hf_transformers_model_configuration_factory",
    "SG.mail",
    "MSG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr",
    "sk_live_",
    "sk_test_key",
    "rk_live_example",
    "whsec_test",
    "https://example.org/a:b@c",
    "http://localhost:8082/v1/messages",
    "https://$USER:$PASSWORD@example.org",
    "postgres://user:password@localhost/db",
    "https://user@example.org:8080/path",
    "ssh://git@github.com:22/me/repo.git",
    "git@github.com:me/repo.git",
    "AccountKey=...",
    "AccountKey=<storage-key>",
    "dapi_documentation",
    "r8_model",
    "gsk_not_a_key",
    "toolu_01" + "A1b2C3d4E5f6G7h8I9j0K1l2",
    "msg_01" + "A1b2C3d4E5f6G7h8I9j0K1l2",
    "550e8400-e29b-41d4-a716-446655440000",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "sha512-" + "A1b2" * 21 + "==",
    "data:image/png;base64," + "iVBORw0KGgo" * 20,
    "[redacted:github-token:ba7816bf]",
    "ya29.short",
    "lin_api_key",
    "ntn_page",
    "hvs.token",
    "dckr_pat_x",
    "tskey-auth",
    "shpat_token",
]


def test_there_are_enough() -> None:
    assert len(SAMPLES) >= 60
    assert len(LOOK_ALIKES) >= 60
    assert {kind for kind, _ in SAMPLES} <= {form.kind for form in FORMS} | {"private-key"}


@pytest.mark.parametrize(("kind", "secret"), SAMPLES, ids=[f"{n}-{k}" for n, (k, _) in enumerate(SAMPLES)])
def test_every_form_is_replaced_wherever_it_stands(kind: str, secret: str) -> None:
    redact = Redactor()
    text = around(kind, secret)
    expected = text.replace(secret, mark(kind, secret))
    assert redact.text(text) == expected
    assert redact.text(expected) == expected
    for before, behind in (
        ("", ""),
        ("KEY=", "\n"),
        ('{"key": "', '"}'),
        ("a\\n", "\\n"),
        ("é", "é"),
        ("(", ")"),
    ):
        assert redact.text(f"{before}{text}{behind}") == f"{before}{expected}{behind}"
    body = json.dumps({"messages": [{"content": [{"text": f"x\n{text}\n"}]}]}).encode()
    assert redact.may_hold(body)
    assert redact.may_hold(json.dumps({"arguments": json.dumps({"text": f"x\n{text}\n"})}).encode())


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_one_stays(text: str) -> None:
    redact = Redactor()
    for shown in (text, f"before {text} behind", f'"{text}"', f"x={text}\n"):
        assert redact.text(shown) is shown


def test_one_secret_has_one_mark() -> None:
    secret = SAMPLES[0][1]
    found = re.findall(r"\[redacted:[^\]]+\]", Redactor().text(f"{secret} {secret}, '{secret}'"))
    assert len(found) == 3
    assert len(set(found)) == 1


def exchange(body: dict[str, Any], answer: dict[str, Any] | None = None, **fields: Any) -> Exchange:
    response = None
    if answer is not None:
        response = Response(body=b"event: message_start\ndata: {}\n\n", json=answer)
    return Exchange(
        id="1", request=Request(body=json.dumps(body).encode(), json=body), response=response, **fields
    )


def test_a_stream_goes_whole_where_it_or_its_message_or_error_has_a_secret() -> None:
    secret = SAMPLES[20][1]
    fine, told = ({"content": [{"type": "text", "text": text}]} for text in ("fine", secret))
    clean = exchange({}, fine)
    assert clean.response is not None
    noted = dataclasses.replace(
        clean, response=dataclasses.replace(clean.response, body=f": {secret}\n\n".encode())
    )
    for one in (exchange({}, told), noted, exchange({}, fine, error=f"refused: {secret}")):
        found = Redactor().exchange(one).response
        assert found is not None
        assert found.body == GONE
    own = Redactor([("badge", re.compile("EMP-[0-9]{6}"))])
    assert own.exchange(clean) is clean
    found = own.exchange(exchange({}, {"content": [{"type": "text", "text": "EMP-123456"}]})).response
    assert found is not None
    assert found.body == GONE


def test_a_body_without_secrets_is_the_same_object() -> None:
    body = {"a": [1, "task-list", {"b": "eyJ"}], "big": 2**70}
    given = exchange(body, {"content": [{"type": "text", "text": "fine"}]})
    assert Redactor().exchange(given) is given


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_any_json_without_secrets_stays_as_it_is(value: Any) -> None:
    assert Redactor().value(value) == value


def test_everywhere_in_an_exchange() -> None:
    secrets = [secret for kind, secret in SAMPLES if kind not in AROUND]
    said = [around(kind, secret) for kind, secret in SAMPLES]
    body = {
        "system": said[0],
        "tools": [{"name": "x", "description": said[1]}],
        "messages": [
            {"role": "user", "content": said[2]},
            {"role": "assistant", "content": [{"type": "tool_use", "input": {said[3]: [said[4:30]]}}]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "content": [{"text": t} for t in said[30:]]}],
            },
        ],
        "number": 12345678901234567890123,
    }
    answer = {"role": "assistant", "content": [{"type": "thinking", "thinking": " ".join(said)}]}
    found = Redactor().exchange(exchange(body, answer, error=f"Incorrect key: {SAMPLES[5][1]}"))
    kept = repr(found)
    assert not [secret for secret in secrets if secret in kept or repr(secret)[1:-1] in kept]
    assert found.request.json is not None
    assert found.request.json["number"] == 12345678901234567890123
    assert json.loads(found.request.body) == found.request.json
    assert found.response is not None
    assert found.response.body.startswith(b"event:")


def test_bytes_that_are_no_json() -> None:
    secret = SAMPLES[20][1]
    body = b"\xff\xfe " + secret.encode() + b" \x00"
    given = Exchange(id="1", request=Request(body=body), response=Response(body=body))
    found = Redactor().exchange(given)
    assert secret.encode() not in found.request.body
    assert found.response is not None
    assert secret.encode() not in found.response.body
    assert found.request.body.startswith(b"\xff\xfe [redacted:github-token:")


def test_lone_surrogates_are_no_hindrance() -> None:
    secret = SAMPLES[20][1]
    assert Redactor().text(f"\ud800 {secret} \udfff") == f"\ud800 {mark('github-token', secret)} \udfff"


def test_whoever_asks_for_what_is_named_without_secrets() -> None:
    secret = SAMPLES[20][1]
    agent = Agent(name=secret, description=f"uses {secret}")
    identity = Identity(session_id=secret, project=f"/x/{secret}", client=secret, agent=agent)
    request = Request(headers=(("x-note", f"a {secret}"), ("accept", "*/*")), query=f"a={secret}")
    response = Response(headers=(("x-echo", secret),), body=b"{}", json={})
    given = Exchange(
        id="1", identity=identity, model=Model(requested=secret), request=request, response=response
    )
    found = Redactor().exchange(given)
    assert secret not in repr(found)
    assert found.identity.session_id == mark("github-token", secret)
    assert found.request.headers[1] == ("accept", "*/*")
    assert Redactor().exchange(found) is found


def cost(redact: Redactor, body: bytes) -> float:
    start = time.process_time()
    for _ in range(10):
        redact.json(body)
    return time.process_time() - start


def test_one_secret_in_a_long_log_costs_no_more_than_none() -> None:
    redact, secret = Redactor(), SAMPLES[20][1]
    log = "".join(
        f"12:00:{number % 60:02} INFO task-{number} disk-usage token={number} http://h/{number} key: x\n"
        for number in range(2_500)
    )
    without, held = (
        json.dumps({"messages": [{"content": text}]}).encode() for text in (log, f"{log}KEY={secret}")
    )
    assert redact.json(without) is without
    assert secret.encode() not in redact.json(held)
    pairs = [(cost(redact, without), cost(redact, held)) for _ in range(3)]
    assert min(b for _, b in pairs) < 2 * min(a for a, _ in pairs), pairs
