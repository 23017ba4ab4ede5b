"""Values by their names: ``DB_PASSWORD=…``, ``"api_key": "…"``, ``Cookie: …``, ``curl -u me:…``.

A value counts as a secret where its name says so *and* it looks like one: long enough, made of more than
letters, of enough entropy, and neither a placeholder nor a piece of code. Each expression is matched at one
place and reads a bounded number of characters.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from claude_lens.redact.odds import bits, is_placeholder, is_random


class Found(NamedTuple):
    """A secret in a text: where it begins and ends, and what it is."""

    start: int
    stop: int
    kind: str


REJECTED: Final = ""
"""The kind of what was looked at in vain, so that nobody looks at all of it again."""
_LONG: Final = 64
_ENDINGS: Final = (
    "=",
    ":",
    '"',
    "'",
    "\\",
    " =",
    " :",
    "]",
    ">",
    "%3D",
    "%22",
    "_",
    "`",
    "\t",
    "&quot;",
    " ",
    "\n",
)
_WORDS: Final = (
    "token",
    "key",
    "pass",
    "pwd",
    "auth",
    "credential",
    "credentials",
    "cookie",
    "key-data",
    "jwt",
)
_PLAIN: Final = ("password", "passwd", "passphrase", "passcode", "secret", "uthorization")
_COMMANDS: Final = (
    " -u ",
    ' -u"',
    " -u'",
    " --user ",
    " --user=",
    '"-u", "',
    "mysql",
    "sshpass ",
    "docker login ",
)


def _written(word: str) -> tuple[str, ...]:
    return (word, word.upper(), word.capitalize()) if word != "uthorization" else (word, word.upper())


_WORD_OF: Final = {form: word for word in _PLAIN for form in _written(word)} | {
    form + ending: word for word in _WORDS for form in _written(word) for ending in _ENDINGS
}
ANCHORS: Final[tuple[str, ...]] = (*_WORD_OF, *_COMMANDS)
"""What a named value cannot be without."""

_WORDS_KEY_BEFORE: Final = (
    "api secret access priv private auth encrypt encryption signing sign master account shared service "
    "admin license licence client deploy session app application webhook subscription storage preshared "
    "pre_shared write read ingest integration consumer crypto cipher hmac jwt ssl function functions "
    "host user server project org"
)
_KEY_BEFORE: Final = tuple(_WORDS_KEY_BEFORE.split())
_NOT_KEYS: Final = (
    "PUBLIC",
    "PRIMARY",
    "FOREIGN",
    "CACHE",
    "SORT",
    "PARTITION",
    "PUB",
    "IDEMPOTENCY",
    "HOST",
)
_WORDS_NOT_TOKENS: Final = (
    "next forward backward page paging pagination continuation cursor change lock action publickey sync "
    "resume request idempotency marker starting"
)
_NOT_TOKENS: Final = tuple(_WORDS_NOT_TOKENS.split())
_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_TAIL: Final = (
    r"(?:_?[0-9]{1,2}(?![0-9])|[_-](?:PROD|PRODUCTION|DEV|TEST|STAGING|LIVE|BASE|BASE64|B64|VALUE|PRIMARY"
    r"|SECONDARY|OLD|NEW|CURRENT|DEFAULT|prod|production|dev|test|staging|live|base|base64|value))?"
)
_SIGN: Final = re.compile(
    _TAIL + r"(?:"
    # The name ends in a quotation mark: JSON, a subscript, a pair of name and value, an argument.
    r"(?P<quote>\\{0,7}[\"'`]|%22|&quot;)\]?[ \t]{0,8}(?:"
    r"(?:=>|:=|={1,3}|:|%3[AaDd])|/?>|"
    r",?\s{0,16}(?:\\n)?\s{0,16}\\{0,7}[\"']?[vV]alue\\{0,7}[\"']?[ \t]{0,4}[:=]|,(?=\s{0,4}\\{0,7}[\"']))"
    # Or it does not: assignments, headers, with a type between.
    r"|\]?[ \t]{0,8}(?:=>|:=|=3[Dd]|={1,3}|%3[AaDd]"
    r"|:[ \t]{0,4}&?(?:'static )?[A-Za-z][\w.<>|\[\] ]{0,40}?[ \t]{0,4}="
    r"(?=[ \t]{0,4}[bBrRuUfF]{0,2}[\"'])|:(?!:)(?:[ \t]{0,4}\n[ \t]{1,16}(?=[\w+/=.-]{16}))?)"
    r"|(?:\\n|\n)[ \t]{1,16}[vV]alue[ \t]{0,4}[:=]"
    r"|(?<=[a-z])>(?=[^<>\s]{4,512}</)"
    r"|(?P<blank>[ \t]{1,8}))[ \t]{0,12}"
)
_VALUE: Final = re.compile(
    r"(?:\\[nrt])?(?:[bBrRfFuU]{1,2}(?=[\"']))?(?:"
    r"\"(?P<double>(?:[^\"\\\s]|\\[^\s]){2,512})\"|'(?P<single>(?:[^'\\\s]|\\[^\s]){2,512})'"
    r"|`(?P<tick>[^`\s]{2,512})`"
    r"|(?P<mark>\\{1,7}[\"'])(?P<escaped>(?:(?!\\{0,7}[\"'])[^\s]){2,512})(?P=mark)"
    r"|%22(?P<url>(?:(?!%22)[^\s&\"']){2,512})%22|&quot;(?P<html>[^\s&\"'<>]{2,512})&quot;"
    r"|(?P<bare>[^\s\"'`,;&|<>(){}\[\]\\][^\s\"'`,;&|<>(){}\[\]\\]{1,511}))"
)
_LINE_VALUE: Final = re.compile(r"(?P<bare>[^\s\"'`\\$(]{4,512})(?=[\s\\]|\Z)")
_CODE: Final = re.compile(r"[A-Za-z_$@][\w$]*(?:(?:\.|->|::|/|-)[\w$]*)*[?!]?\Z")
_AFTER: Final = re.compile(r"%26|%22|%0[AaDd]|=20|=0[AD]")
_CHAIN: Final = re.compile(r"[A-Za-z_$@]\w*(?:(?:(?:\.|->|::)[A-Za-z_]\w*)+\Z|\[)")
_COUNTED: Final = re.compile(
    r"[a-z_]*(?:pass(?:word|wd)?|pwd|secret|token|key|arg|val|value|param|str|string|text|user|name|field|input|test"
    r"|data|line|node|item|id|group|match|int|uint|utf|sha|md|base|float|bytes|col|row|part|tmp|var|result|res|obj)"
    r"_?[0-9]{1,3}\Z",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"(?:\.{0,2}/|~|[A-Za-z]:[\\/]|https?:|file:|ssh-|arn:|projects/|\$|%[({A-Za-z_]|\{|<|\*|@|#|\[redacted:)"
)
_TEMPLATE: Final = re.compile(r"\$\{|\$\(|\{\{|\{[A-Za-z_.]*\}|%\(|<[A-Za-z_ -]+>|%s|\*{3}|\.{3}|#\{")
_LEAST: Final = {"password": 5, "secret": 8, "token": 12, "credential": 12}
_DIGIT: Final = re.compile(r"[0-9]")
_LETTER: Final = re.compile(r"[A-Za-z]")
_SPECIAL: Final = re.compile(r"[!@#$%^&*+?~]")
_HEADER: Final = re.compile(
    r"\\{0,7}[\"'`]?(?:(?P<scheme>[A-Za-z][\w-]{2,20})[ \t]{1,4})?"
    r"(?P<value>[^\s\"'`,;\\<>(){}\[\]&|]{6,4096})"
)
_COOKIE: Final = re.compile(r"[\w.\-]{1,64}=(?P<value>[^;\s\"'`\\,]{8,2048})")
_COOKIES: Final = re.compile(r"[\w.\-]{1,64}=[^\r\n\"'`\\]{8,4096}")
_NETRC: Final = re.compile(r"(?:\b(?:login|machine|default)\b[^\n]{0,160}|\n\s{0,8})\Z")
_USER: Final = re.compile(r"[\"']?(?P<user>[^\s:\"'/$@]{1,128}):(?P<value>[^\s\"'$<>{}]{2,256})")
_MYSQL: Final = re.compile(
    r"(?:dump|admin|import|sh)?[ \t][^\n;|]{0,200}?[ \t]-p(?P<value>[^\s'\"$<>-]{4,64})"
)
_PASS_OPTION: Final = re.compile(
    r"[^\n;|]{0,200}?-p[ \t]{0,2}[\"']?(?P<value>[^\s'\"$<>-][^\s'\"$<>]{3,128})"
)


def at(text: str, start: int, anchor: str) -> Iterator[Found]:
    """The secrets that have a name at ``start``, where ``anchor`` stands."""
    if anchor in _COMMANDS:
        yield from _command(text, start, anchor)
        return
    word = _WORD_OF[anchor]
    stop = start + len(word)
    kind = _kind(text, start, word, anchor)
    if kind is None:
        return
    if anchor[-1] == " " and "--" not in text[max(0, start - 40) : start]:
        return
    sign = _SIGN.match(text, stop)
    if sign is None:
        return
    if sign["blank"]:
        yield from _after_blank(text, start, sign.end(), kind)
    elif kind == "authorization":
        yield from _authorization(text, sign.end())
    elif kind == "cookie":
        yield from _cookies(text, sign.end())
    else:
        yield from _assigned(text, start, sign.end(), kind)


def named(name: str, value: str) -> list[Found]:
    """The secrets in a ``value`` whose ``name`` is told apart from it: a key of an object, an option."""
    for word in (*_PLAIN, *_WORDS):
        for form in _written(word):
            start = len(name) - len(form)
            if start >= 0 and name.endswith(form) and (kind := _kind(name, start, word, form)):
                if kind == "authorization":
                    return [found for found in _authorization(value, 0) if found.kind]
                if kind == "cookie":
                    return [found for found in _cookies(value, 0) if found.kind]
                if kind == "auth":
                    return [Found(0, len(value), "docker-auth")] if _is_pair(value) else []
                whole = not any(map(str.isspace, value)) and is_secret(value, kind, quoted=True)
                return [Found(0, len(value), kind)] if whole else []
    return []


def _kind(text: str, start: int, word: str, anchor: str) -> str | None:
    """What a name that ends in ``word`` names; None where the word is only a part of another."""
    before = text[max(0, start - 24) : start]
    last = before[-1:]
    if word in ("password", "passwd", "passphrase", "passcode"):
        return "password"
    if word == "secret":
        # The middle of an address: arn:…:secret:name.
        return "secret" if last != ":" else None
    if word == "uthorization":
        return "authorization" if last in ("a", "A") else None
    if word in ("pass", "pwd"):
        # PASS: is what tests say.
        inside = last.isalpha() and not (last.islower() and anchor[0].isupper())
        told = word == "pass" and anchor[-1] == ":" and last not in tuple("_-.")
        return None if told or (inside and before[-2:].lower() != "db") else "password"
    if word == "key":
        whose = before.rstrip("_.- ")
        if anchor[:3] == "KEY" and last == "_" and whose and whose[-1] in _CAPITALS:
            return None if whose.endswith(_NOT_KEYS) else "key"
        return "key" if whose.lower().endswith(_KEY_BEFORE) else None
    if word == "key-data":
        return "key"
    if word == "auth":
        return "auth" if last in ("", '"', "'", "_", "\\") else None
    if word == "cookie":
        return "cookie" if not last.isalnum() else None
    if word == "jwt":
        return "token"
    if word == "token":
        return None if before.rstrip("_-").lower().endswith(_NOT_TOKENS) else "token"
    return "credential"


def _assigned(text: str, start: int, place: int, kind: str) -> Iterator[Found]:
    if text[place - 1] == "=" and text[start : start + 2].isupper() and _is_setting(text, start):
        line = _LINE_VALUE.match(text, place)
        if line and is_secret(line["bare"], kind, quoted=False, env=True):
            yield Found(*line.span("bare"), kind)
            return
    match = _VALUE.match(text, place)
    if match is None:
        return
    group = match.lastgroup or "bare"
    value = match[group]
    begin, end = match.span(group)
    if group == "bare":
        value = _AFTER.split(value, maxsplit=1)[0].rstrip(".:?!")
        end = begin + len(value)
        if text[end : end + 1] in ("(", "[", "{"):
            return
    if kind == "auth":
        if _is_pair(value):
            yield Found(begin, end, "docker-auth")
    elif is_secret(value, kind, quoted=group != "bare"):
        yield Found(begin, end, kind)
    elif end - begin > _LONG:
        yield Found(begin, end, REJECTED)


def _is_setting(text: str, start: int) -> bool:
    """Whether the name that has a word at ``start`` begins a line or a word, and is all in capitals."""
    before = text[max(0, start - 62) : start]
    rest = before.rstrip(_CAPITALS)
    return not rest or rest[-1] in " \t\n\r→'\"+-" or rest.endswith("\\n")


@lru_cache(maxsize=256)
def is_secret(value: str, kind: str, *, quoted: bool, env: bool = False) -> bool:
    """Whether a value with a telling name is a secret, and no code, place, template or word.

    ``quoted``: it stands in quotation marks. ``env``: in a line of its own, as in a file of settings.
    """
    digit = _DIGIT.search(value) is not None
    if len(value) < _LEAST.get(kind, 15) or not (digit or kind == "password"):
        return False
    if not (quoted or env) and (
        _CHAIN.match(value) or (len(value) < 16 and kind != "password" and _CODE.match(value))
    ):
        return False
    letter = _LETTER.search(value) is not None
    if kind == "password":
        fits = (
            (letter or quoted or env)
            and (digit or _SPECIAL.search(value) is not None)
            and bits(value) >= 13.0
        )
    else:
        fits = letter and is_random(value, digits=True)
    if not fits or _COUNTED.match(value):
        return False
    return not (_PLACE.match(value) or _TEMPLATE.search(value) or is_placeholder(value))


def _is_code(value: str, kind: str, *, env: bool) -> bool:
    plain = not env and kind != "password" and len(value) < 16 and _CODE.match(value)
    return _CHAIN.match(value) is not None or bool(plain)


def _authorization(text: str, place: int) -> Iterator[Found]:
    match = _HEADER.match(text, place)
    if match and _is_credential(match["value"]):
        yield Found(*match.span("value"), (match["scheme"] or "authorization").lower())
    elif match and len(match[0]) > _LONG:
        yield Found(*match.span(), REJECTED)


def _is_credential(value: str) -> bool:
    return not (_PLACE.match(value) or _TEMPLATE.search(value)) and (
        _is_pair(value) or is_random(value, digits=True)
    )


def _is_pair(value: str) -> bool:
    """Whether a text is the base64 of a user's name and a password."""
    try:
        said = b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return said.isprintable() and 0 < said.find(":") < len(said) - 1


def _cookies(text: str, place: int) -> Iterator[Found]:
    whole = _COOKIES.match(text, place + (text[place : place + 1] in "\"'`"))
    if whole is None:
        return
    for match in _COOKIE.finditer(text, whole.start(), whole.end()):
        if is_random(match["value"]):
            yield Found(*match.span("value"), "cookie")
    yield Found(*whole.span(), REJECTED)


def _after_blank(text: str, start: int, place: int, kind: str) -> Iterator[Found]:
    """A value behind spaces: an option of a command, or a line of ``.netrc``."""
    name = start
    while name and start - name < 40 and (text[name - 1].isalnum() or text[name - 1] in "_-"):
        name -= 1
    netrc = kind == "password" and name == start and _NETRC.search(text, max(0, start - 200), start)
    if not (netrc or text.startswith("--", name)):
        return
    match = _VALUE.match(text, place)
    group = match.lastgroup if match else None
    if match and group and is_secret(match[group], kind, quoted=True):
        yield Found(*match.span(group), kind)


def _command(text: str, start: int, anchor: str) -> Iterator[Found]:
    place = start + len(anchor)
    if anchor in ("mysql", "sshpass ", "docker login "):
        match = (_MYSQL if anchor == "mysql" else _PASS_OPTION).match(text, place)
        kind = "password"
    else:
        line = text[max(0, start - 300) : start]
        match = _USER.match(text, place) if "curl" in line or "http" in line else None
        kind = "basic"
    if match and not (is_placeholder(match["value"]) or match["value"].lower() in _EVERYBODYS):
        yield Found(*match.span("value"), kind)


_EVERYBODYS: Final = frozenset({"password", "pass", "passwd", "secret", "token", "pwd", "xxx", "pw"})
