from __future__ import annotations

import json
from base64 import b64encode

import pytest

from claude_lens.redact import Redactor
from tests.redact.samples import HEX, some

PASSWORD = "Xk9" + "m6Q73swkj" + "!q"
TOKEN = some(32)
KEY = some(32, HEX)
PAIR = b64encode(f"me:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, TOKEN, KEY, PAIR, "hunter2")

NAMED = [
    f"DB_PASSWORD={PASSWORD}",
    f"export DB_PASSWORD={PASSWORD}",
    f'export API_TOKEN="{TOKEN}"',
    f"     1\u2192DB_PASSWORD={PASSWORD}\n     2\u2192API_KEY={KEY}\n",
    f"     1\tDB_PASSWORD={PASSWORD}\n     2\tAPI_KEY={KEY}\n",
    f"+DB_PASSWORD={PASSWORD}",
    f"a\\nDB_PASSWORD={PASSWORD}\\nB=1",
    json.dumps({"password": PASSWORD, "x": 1}),
    json.dumps(json.dumps({"password": PASSWORD})),
    json.dumps(json.dumps(json.dumps({"api_key": TOKEN}))),
    json.dumps({"dbPassword": PASSWORD, "apiKey": TOKEN, "clientSecret": TOKEN, "accessToken": TOKEN}),
    json.dumps({"name": "DB_PASSWORD", "value": PASSWORD}),
    f"db:\n  password: {PASSWORD}\n",
    f"  password: '{PASSWORD}'\n",
    f"- name: DB_PASSWORD\n  value: {PASSWORD}\n",
    f'password = "{PASSWORD}"',
    f"db.password={PASSWORD}",
    f"SECRET_KEY_BASE={KEY}{KEY}",
    f'const password: string = "{PASSWORD}";',
    f'password := "{PASSWORD}"',
    f'os.environ["API_KEY"] = "{TOKEN}"',
    f"('password', '{PASSWORD}')",
    f"tool --password {PASSWORD} x",
    f"tool --api-key={TOKEN}",
    f"tool --token {TOKEN}",
    f"curl -s -u me:{PASSWORD} https://x",
    f"curl --user 'me:{PASSWORD}' https://x",
    f"mysql -u root -p{PASSWORD} db",
    f"sshpass -p '{PASSWORD}' ssh x",
    f"docker run -e POSTGRES_PASSWORD={PASSWORD} img",
    f"Authorization: Basic {PAIR}",
    f'"Authorization": "Basic {PAIR}"',
    f"Authorization: token {KEY}",
    f"X-Auth-Token: {TOKEN}",
    f"api-key: {KEY}",
    f"Cookie: a=1; sid={TOKEN}; b=2",
    f"Set-Cookie: session={TOKEN}; Path=/; HttpOnly",
    f"machine h.org login me password {PASSWORD}",
    f"machine h.org\n  login me\n  password {PASSWORD}\n",
    json.dumps({"auths": {"r.io": {"auth": PAIR}}}),
    f"_auth={PAIR}",
    f"<password>{PASSWORD}</password>",
    f'<add key="ClearTextPassword" value="{PASSWORD}" />',
    f"https://x/y?access_token={TOKEN}&a=b",
    f"password%3D{TOKEN}%26",
    f"password=3D{TOKEN}=20",
    f"Server=x;User Id=sa;Password={PASSWORD};",
    f"&quot;password&quot;: &quot;{PASSWORD}&quot;",
    f"\x1b[32mDB_PASSWORD\x1b[0m=\x1b[33m{PASSWORD}\x1b[0m",
    "DB_PASSWORD=hunter2",
    '{"password": "hunter2"}',
    "redis://:" + PASSWORD + "@h:6379",
    "redis://:pw9" + "x@h:6379",
]

ORDINARY = [
    "password: str",
    "token = get_token()",
    'api_key=os.environ["API_KEY"]',
    'api_key=os.environ.get("X")',
    '"api_key": "your-api-key"',
    'token: "<token>"',
    "PASSWORD=${VAR}",
    "PASSWORD=$VAR",
    "Authorization: Bearer $TOKEN",
    "Authorization: Bearer {token}",
    "secret: xxxx",
    f'"integrity": "sha512-{some(86)}=="',
    "token=None",
    "password=password",
    'password = "password"',
    "max_tokens: 4096",
    '"token": "identifier"',
    "key: value1",
    "api_key: string",
    'def f(password: str = "", token: str | None = None)',
    'SECRET_KEY = config("SECRET_KEY")',
    'password = input("Password: ")',
    "token = tokens[i+1]",
    "self.password = password",
    '"password": {"type": "string"}',
    'password: "Password must be at least 8 characters"',
    'csrf_token = "{{ csrf_token }}"',
    'key = f"cache:{user_id}"',
    'secret_name: "my-secret-name"',
    "PWD=/home/me/x1",
    "git log --token x",
    "api_key: ${{ secrets.API_KEY }}",
    f"sha256: {some(64, HEX)}",
    f"commit {some(40, HEX)}",
    "id: 550e8400-e29b-41d4-a716-446655440000",
    "token = await getToken1()",
    "password=user.password1",
    "if token == TOKEN_TYPE1:",
    "token_type: bearer",
    "DB_PASSWORD_FILE=/run/secrets/db1",
    f'"keyboard": "{some(20)}"',
    "monkey=abc123def456",
    "authToken: process.env.TOKEN1",
    "PASS: tests/unit/test_password2.py",
    "arn:aws:secretsmanager:us-east-1:1:secret:db1-Xk9m6Q",
    "private_key: ed25519.Ed25519PrivateKey",
    f'"nextToken": "{some(40)}"',
    f"cache-key-{some(32, HEX)}",
    "mkdir -p /tmp/a1b2 && docker run -u 1000:1000 x",
]


@pytest.mark.parametrize("text", NAMED)
def test_a_value_goes_by_its_name_and_nothing_else(text: str) -> None:
    redact = Redactor()
    shown = redact.text(text)
    assert not [secret for secret in SECRETS if secret in shown], shown
    assert "[redacted:" in shown
    assert redact.text(shown) == shown
    body = json.dumps({"a": [{"text": f"x\n{text}\ny"}]}).encode()
    said = json.loads(redact.json(body))["a"][0]["text"]
    assert not [secret for secret in SECRETS if secret in said], said


@pytest.mark.parametrize("text", ORDINARY)
def test_code_prose_and_places_for_secrets_stay(text: str) -> None:
    redact = Redactor()
    for shown in (text, f"  {text}\n", json.dumps(text)):
        assert redact.text(shown) is shown


@pytest.mark.parametrize(
    "value",
    [
        {"env": {"DB_PASSWORD": PASSWORD}},
        {"headers": {"Authorization": f"Basic {PAIR}", "Cookie": f"sid={TOKEN}"}},
        {"argv": ["tool", "--password", PASSWORD]},
        {"name": "API_KEY", "value": TOKEN},
        {"input": {"api_key": TOKEN, "auth": PAIR}},
    ],
)
def test_a_key_of_an_object_is_a_name(value: object) -> None:
    redact = Redactor()
    for body in (json.dumps(value), json.dumps(value, indent=2), json.dumps(value, separators=(",", ":"))):
        shown = redact.json(body.encode())
        assert not [secret for secret in SECRETS if secret.encode() in shown], shown
        assert json.loads(shown).keys() == json.loads(body).keys()
        assert redact.json(shown) is shown


def test_the_scheme_stays() -> None:
    body = json.dumps({"Authorization": f"Basic {PAIR}"}).encode()
    assert json.loads(Redactor().json(body))["Authorization"].startswith("Basic [redacted:basic:")


def test_names_may_be_left_alone() -> None:
    for text in NAMED:
        if "://" not in text:
            assert Redactor(by_name=False).text(text) is text
