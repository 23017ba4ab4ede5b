"""Secrets of chance, put together piece by piece: none stands in a file as a scanner would find it."""

from __future__ import annotations

import random
import re
import string

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "_-"
B64 = ALNUM + "+/"
BASE32 = string.ascii_uppercase + "234567"

_rng = random.Random(7)


def some(count: int, alphabet: str = ALNUM) -> str:
    """Characters of chance, a letter and a digit among them; the last one is no punctuation."""
    while True:
        text = "".join(_rng.choices(alphabet, k=count))
        ends = text[-1].isalnum() and text[0].isalnum()
        digits = any(char.isdigit() for char in text) is any(char.isdigit() for char in alphabet)
        if ends and digits and any(char.isalpha() for char in text):
            return text


def key_block(kind: str, lines: int = 12) -> str:
    body = "\n".join(some(64, B64) for _ in range(lines))
    dashes = "-" * 5
    return f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{body}\n{dashes}END {kind}PRIVATE KEY{dashes}"


def jwt() -> str:
    return f"ey{'J'}{some(30, URLSAFE)}.ey{'J'}{some(60, URLSAFE)}.{some(43, URLSAFE)}"


SAMPLES: list[tuple[str, str]] = [
    ("anthropic-key", "sk-" + "ant-api03-" + some(95, URLSAFE)),
    ("anthropic-key", "sk-" + "ant-oat01-" + some(95, URLSAFE)),
    ("anthropic-key", "sk-" + "ant-admin01-" + some(95, URLSAFE)),
    ("openrouter-key", "sk-" + "or-v1-" + some(64, HEX)),
    ("openai-key", "sk-" + "proj-" + some(120, URLSAFE)),
    ("openai-key", "sk-" + "svcacct-" + some(60, URLSAFE)),
    ("openai-key", "sk-" + "admin-" + some(60, URLSAFE)),
    ("openai-key", "sk-" + some(20) + "T3Blbk" + "FJ" + some(20)),
    ("litellm-key", "sk-" + "lens-" + some(40, URLSAFE)),
    ("api-key", "sk-" + some(32)),
    ("api-key", "sk-" + some(48)),
    ("groq-key", "gsk" + "_" + some(52)),
    ("xai-key", "xai" + "-" + some(80)),
    ("perplexity-key", "pplx" + "-" + some(48)),
    ("replicate-token", "r8" + "_" + some(37)),
    ("huggingface-token", "hf" + "_" + some(34, string.ascii_letters)),
    ("huggingface-token", "api" + "_org_" + some(34, string.ascii_letters)),
    ("google-key", "AI" + "za" + some(35, URLSAFE)),
    ("google-oauth", "ya" + "29." + some(60, URLSAFE)),
    ("google-oauth", "GOC" + "SPX-" + some(28, URLSAFE)),
    ("github-token", "gh" + "p_" + some(36)),
    ("github-token", "gh" + "o_" + some(36)),
    ("github-token", "gh" + "u_" + some(36)),
    ("github-token", "gh" + "s_" + some(36)),
    ("github-token", "gh" + "r_" + some(76)),
    ("github-token", "github" + "_pat_" + some(22) + "_" + some(59)),
    ("gitlab-token", "gl" + "pat-" + some(20, URLSAFE)),
    ("gitlab-token", "gl" + "rt-" + some(20, URLSAFE)),
    ("gitlab-token", "gl" + "dt-" + some(20, URLSAFE)),
    ("aws-access-key", "AK" + "IA" + some(16, BASE32)),
    ("aws-access-key", "AS" + "IA" + some(16, BASE32)),
    ("aws-secret-key", some(40, B64)),
    ("slack-token", "xo" + "xb-" + some(12, string.digits + "a") + "-" + some(24)),
    ("slack-token", "xo" + "xp-" + some(40)),
    ("slack-token", "xa" + "pp-1-A" + "1B2C3D4E5-" + "1234567890123-" + some(64, HEX)),
    ("slack-webhook", "hooks.sl" + "ack.com/services/T0" + "AB12CD34/B0" + "AB12CD34/" + some(24)),
    ("stripe-key", "sk" + "_live_" + some(24)),
    ("stripe-key", "rk" + "_live_" + some(24)),
    ("stripe-key", "sk" + "_test_" + some(99)),
    ("stripe-webhook", "wh" + "sec_" + some(32)),
    ("npm-token", "np" + "m_" + some(36)),
    ("pypi-token", "py" + "pi-AgE" + some(150, URLSAFE)),
    ("sendgrid-key", "S" + "G." + some(22, URLSAFE) + "." + some(43, URLSAFE)),
    ("digitalocean-token", "do" + "p_v1_" + some(64, HEX)),
    ("shopify-token", "sh" + "pat_" + some(32, HEX)),
    ("databricks-token", "da" + "pi" + some(32, HEX)),
    ("linear-key", "lin" + "_api_" + some(40)),
    ("notion-token", "nt" + "n_" + some(46)),
    ("vault-token", "hv" + "s." + some(90, URLSAFE)),
    ("docker-token", "dckr" + "_pat_" + some(27, URLSAFE)),
    ("square-token", "sq" + "0atp-" + some(22, URLSAFE)),
    ("tailscale-key", "tskey" + "-auth-" + some(12) + "-" + some(32)),
    ("azure-storage-key", some(86, B64) + "=="),
    ("private-key", key_block("RSA ")),
    ("private-key", key_block("")),
    ("private-key", key_block("OPENSSH ")),
    ("private-key", key_block("EC ", 3)),
    ("private-key", key_block("ENCRYPTED ")),
    ("jwt", jwt()),
    ("jwt", jwt()),
    ("bearer", some(40, URLSAFE)),
    ("bearer", some(24, HEX)),
    ("basic-auth", "hunter2" + some(8)),
    ("basic-auth", "s3cr3t" + "!pass"),
]

AROUND = {
    "aws-secret-key": "aws_s" + "ecret_access_key = {}",
    "azure-storage-key": "DefaultEndpointsProtocol=https;Account" + "Key={};EndpointSuffix=x",
    "bearer": "curl -H 'Authorization: Bearer {}' https://example.org",
    "basic-auth": "postgresql://me:{}@db.example.org/app",
}


def around(kind: str, secret: str) -> str:
    return AROUND.get(kind, "here it is: {} and more").format(secret)


def example(template: str) -> str:
    """A secret of chance by its form: ``ghp_{n36}``: a text, and in braces a class of characters and a count.

    Classes: n letters and digits, w also _ and -, b base64, h hexadecimal, l small, u capital, d digits.
    """
    classes = {"n": ALNUM, "w": URLSAFE, "b": B64, "h": HEX, "d": string.digits}
    classes |= {"l": string.ascii_lowercase + string.digits, "u": string.ascii_uppercase + string.digits}

    def put(match: re.Match[str]) -> str:
        if match[1] == "id":
            return "-".join("".join(_rng.choices(HEX, k=size)) for size in (8, 4, 4, 4, 12))
        size = int(match[2])
        plain = size < 8 or match[1] == "d"
        return "".join(_rng.choices(classes[match[1]], k=size)) if plain else some(size, classes[match[1]])

    return re.sub(r"\{(id|[nwbhlud])(\d*)\}", put, template)
