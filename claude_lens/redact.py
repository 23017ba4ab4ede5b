"""Secrets out of what is kept: well-known forms of keys and tokens become ``[redacted:kind:fingerprint]``.

The fingerprint is the first 8 hex digits of the secret's SHA-256, so that one secret has one mark wherever it
stands. Every form has an *anchor*, a text that it cannot be without; an Aho-Corasick automaton looks for all
anchors at once, and only where one is does a regular expression look closer. Bodies without secrets are
returned as they are.
Source of the forms: the providers' own documentation of their tokens.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from json import loads
from pathlib import Path
from typing import Any, Final

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick, MatchKind

from claude_lens import exact
from claude_lens.errors import SettingError
from claude_lens.exchange import GONE, Exchange, Request, Response
from claude_lens.settings import Settings

MARK: Final = "[redacted:"
# Not within a word; what an escape (\\n) or a URL (%3D) leaves before it is no word.
_START: Final = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
_END: Final = r"(?![A-Za-z0-9_-])"


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A kind of secret: texts that it always contains, and the expression whose group ``s`` it is.

    ``back`` is how many characters before an anchor the secret may begin.
    """

    kind: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    back: int = 0


def _form(kind: str, anchors: str | tuple[str, ...], pattern: str, back: int = 0) -> Form:
    names = (anchors,) if isinstance(anchors, str) else anchors
    return Form(kind, names, re.compile(pattern), back)


def _token(kind: str, prefix: str | tuple[str, ...], rest: str) -> Form:
    names = (prefix,) if isinstance(prefix, str) else prefix
    return _form(kind, names, f"{_START}(?P<s>(?:{'|'.join(map(re.escape, names))}){rest}){_END}")


# A form before another takes what both fit.
FORMS: Final[tuple[Form, ...]] = (
    _token("anthropic-key", "sk-ant-", r"[A-Za-z0-9_-]{20,}"),
    _token("openrouter-key", "sk-or-v1-", r"[0-9a-f]{48,}"),
    _token("openai-key", ("sk-proj-", "sk-svcacct-", "sk-admin-"), r"[A-Za-z0-9_-]{20,}"),
    _form("openai-key", "T3BlbkFJ", _START + r"(?P<s>sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})" + _END, 24),
    _token("litellm-key", "sk-lens-", r"[A-Za-z0-9_-]{16,}"),
    _token("api-key", "sk-", r"(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{32,}"),
    _token("groq-key", "gsk_", r"[A-Za-z0-9]{40,}"),
    _token("xai-key", "xai-", r"[A-Za-z0-9]{60,}"),
    _token("perplexity-key", "pplx-", r"[A-Za-z0-9]{40,}"),
    _token("replicate-token", "r8_", r"[A-Za-z0-9]{30,}"),
    _token("huggingface-token", ("hf_", "api_org_"), r"[A-Za-z]{34}"),
    _token("google-key", "AIza", r"[A-Za-z0-9_-]{35}"),
    _token("google-oauth", ("ya29.", "GOCSPX-"), r"[A-Za-z0-9_-]{24,}"),
    _token("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{36,}"),
    _token("github-token", "github_pat_", r"[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _token("gitlab-token", ("glpat-", "gldt-", "glrt-", "glsoat-", "glptt-"), r"[A-Za-z0-9_-]{20,}"),
    _form(
        "aws-access-key",
        ("AKIA", "ASIA", "ABIA", "ACCA"),
        _START + r"(?P<s>(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})(?![A-Za-z0-9])",
    ),
    _form(
        "aws-secret-key",
        ("ecret_access_key", "ecretAccessKey", "ECRET_ACCESS_KEY"),
        r"(?:ecret_access_key|ecretAccessKey|ECRET_ACCESS_KEY)[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
        r"(?P<s>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    _token("slack-token", ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-"), r"[A-Za-z0-9-]{20,}"),
    _token("slack-token", "xapp-", r"\d-[A-Z0-9]{8,}-\d{8,}-[a-f0-9]{32,}"),
    _form(
        "slack-webhook",
        "hooks.slack.com/",
        r"(?P<s>hooks\.slack\.com/(?:services|workflows)/[A-Z0-9]{8,}/[A-Z0-9]{8,}/[A-Za-z0-9]{20,})",
    ),
    _token("stripe-key", ("sk_live_", "sk_test_", "rk_live_", "rk_test_"), r"[A-Za-z0-9]{20,}"),
    _token("stripe-webhook", "whsec_", r"[A-Za-z0-9]{32,}"),
    _token("npm-token", "npm_", r"[A-Za-z0-9]{36}"),
    _token("pypi-token", "pypi-AgE", r"[A-Za-z0-9_-]{50,}"),
    _form("sendgrid-key", "SG.", _START + r"(?P<s>SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})" + _END),
    _token("digitalocean-token", ("dop_v1_", "doo_v1_", "dor_v1_"), r"[a-f0-9]{64}"),
    _token("shopify-token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"[a-fA-F0-9]{32}"),
    _token("databricks-token", "dapi", r"[a-f0-9]{32}"),
    _token("linear-key", "lin_api_", r"[A-Za-z0-9]{40}"),
    _token("notion-token", "ntn_", r"[A-Za-z0-9]{40,}"),
    _token("vault-token", "hvs.", r"[A-Za-z0-9_-]{24,}"),
    _token("docker-token", "dckr_pat_", r"[A-Za-z0-9_-]{20,}"),
    _token("square-token", ("sq0atp-", "sq0csp-"), r"[A-Za-z0-9_-]{22,}"),
    _token("tailscale-key", "tskey-", r"[a-z]+-[A-Za-z0-9]{8,}(?:-[A-Za-z0-9]{16,})?"),
    _form("azure-storage-key", "AccountKey=", r"AccountKey=(?P<s>[A-Za-z0-9+/]{86}==)"),
    _form(
        "private-key",
        "-----BEGIN ",
        r"(?P<s>-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----END)){40,16384}"
        r"(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)?)",
    ),
    _form(
        "jwt",
        "eyJ",
        _START + r"(?P<s>eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,})",
    ),
    _form(
        "bearer",
        ("earer ", "EARER "),
        r"[Bb](?:earer|EARER) (?P<s>(?=[A-Za-z0-9._~+/-]*[0-9])(?=[A-Za-z0-9._~+/-]*[A-Za-z])"
        r"[A-Za-z0-9._~+/-]{20,}=*)(?![A-Za-z0-9._~+/(\[{-])",
        1,
    ),
    _form(
        "basic-auth",
        "://",
        r"(?:https?|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|rediss|amqps?|ftp)://[^\s:/@\"'<>{}$\[\]]{1,64}:"
        r"(?P<s>(?!(?:password|passwd|pass|secret|PASSWORD|token|xxx+|\*+|\.\.\.)@)[^\s:/@\"'<>{}$\[\]]{6,128})@",
        16,
    ),
)

_LONGEST: Final = 20_000


class Redactor:
    """Finds and replaces secrets: of :data:`FORMS`, and of the user's own ``patterns`` (kind, expression)."""

    def __init__(self, patterns: Sequence[tuple[str, re.Pattern[str]]] = ()) -> None:
        owners: dict[str, list[Form]] = {}
        for form in FORMS:
            for anchor in form.anchors:
                owners.setdefault(anchor, []).append(form)
        self._owners = list(owners.values())
        anchors = list(owners)
        self._strings = AhoCorasick(anchors, matchkind=MatchKind.Standard)
        self._bytes = BytesAhoCorasick([a.encode() for a in anchors], matchkind=MatchKind.Standard)
        self._own = tuple(patterns)

    def text(self, value: str) -> str:
        """``value`` with its secrets replaced; ``value`` itself where there are none."""
        if len(value) >= 8 and (found := self._places(value)):
            pieces, end = [], 0
            for start, stop, kind in found:
                pieces += [value[end:start], mark(kind, value[start:stop])]
                end = stop
            value = "".join((*pieces, value[end:]))
        for kind, pattern in self._own:
            value = pattern.sub(lambda match, kind=kind: _own(kind, match), value)  # type: ignore[misc]
        return value

    def _places(self, value: str) -> list[tuple[int, int, str]]:
        """Where secrets are, in order, none within another: start, end, kind."""
        try:
            hits = self._strings.find_matches_as_indexes(value, overlapping=True)
        except UnicodeEncodeError:
            # Lone surrogates; as many characters, so that places stay.
            hits = self._strings.find_matches_as_indexes(
                value.encode("utf-8", "replace").decode(), overlapping=True
            )
        spans: list[tuple[int, int, int, str]] = []
        for anchor, start, _ in hits:
            for form in self._owners[anchor]:
                begin = max(0, start - form.back)
                match = form.pattern.search(value, begin, begin + _LONGEST)
                if match and match.start() <= start < match.end():
                    spans.append((*match.span("s"), FORMS.index(form), form.kind))
        return _apart(spans)

    def may_hold(self, body: bytes) -> bool:
        """Whether a JSON text may hold secrets; where not, none of its strings does."""
        if self._own or (exact.has_escapes(body) and b"\\u00" in body):
            return True
        hits = self._bytes.find_matches_as_indexes(body, overlapping=True)
        for anchor, start, _ in hits:
            for form in self._owners[anchor]:
                begin = max(0, start - form.back - 1)
                window = body[begin : begin + 400].decode("latin-1")
                if form.kind in _MULTILINE or form.pattern.search(window):
                    return True
        return False

    def value(self, value: Any) -> Any:
        """A JSON value with the secrets in its strings and keys replaced; what stays is shared."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            new = {self.text(key): self.value(item) for key, item in value.items()}
            same = len(new) == len(value) and all(new.get(key, new) is item for key, item in value.items())
            return value if same else new
        if isinstance(value, list):
            items = [self.value(item) for item in value]
            return value if all(a is b for a, b in zip(items, value, strict=True)) else items
        return value

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets in bodies and error; itself where it has none."""
        return self.ended(self.arrived(exchange))

    def arrived(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets in its request."""
        request = self._request(exchange.request)
        return exchange if request is exchange.request else dataclasses.replace(exchange, request=request)

    def ended(self, exchange: Exchange) -> Exchange:
        """The exchange without secrets in its answer and error."""
        response = exchange.response and self._response(exchange.response)
        error = exchange.error and self.text(exchange.error)
        if (
            error is not exchange.error
            and response
            and response.json is not None
            and not _is_json(response.body)
        ):
            # What the error says stands in the stream too, perhaps in other words.
            response = dataclasses.replace(response, body=GONE)
        if response is exchange.response and error is exchange.error:
            return exchange
        return dataclasses.replace(exchange, response=response, error=error)

    def _request(self, request: Request) -> Request:
        body, json = self._body(request.body, request.json)
        return request if body is request.body else dataclasses.replace(request, body=body, json=json)

    def _response(self, response: Response) -> Response:
        if response.json is None or _is_json(response.body):
            body, json = self._body(response.body, response.json)
            same = body is response.body
            return response if same else dataclasses.replace(response, body=body, json=json)
        # A secret in a stream may be cut into several events: only the folded message shows it whole.
        json = self._shallow(response.json)
        clean = json is response.json and not (
            self.may_hold(response.body) and self.raw(response.body) != response.body
        )
        return response if clean else dataclasses.replace(response, body=GONE, json=json)

    def _body(self, body: bytes, json: Mapping[str, Any] | None) -> tuple[bytes, Mapping[str, Any] | None]:
        if not _is_json(body):
            new = self._shallow(json)
            if json is not None and new is not json:
                return exact.dump(new) if new is not None else GONE, new
            return (self.raw(body) if body and json is None and self.may_hold(body) else body), json
        if not self.may_hold(body):
            return body, json
        new = self._shallow(json)
        if json is not None and new is json and not exact.hides(json, body):
            return body, json
        # Not made anew from the value, which does not say all that a text may say.
        text = self.literals(body) if json is not None else self.raw(self.literals(body))
        return (body, json) if text == body and new is json else (text, new)

    def _shallow(self, json: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """``json`` without secrets; None where it has some, deeper down than :meth:`value` reaches."""
        try:
            found: Mapping[str, Any] | None = self.value(json)
        except RecursionError:
            return None if any(self.text(text) != text for text in exact.strings(json)) else json
        return found

    def literals(self, body: bytes) -> bytes:
        """A JSON text with the secrets in its strings and keys replaced, and every other byte as it was."""
        return _LITERAL.sub(self._literal, body)

    def _literal(self, match: re.Match[bytes]) -> bytes:
        if not self.may_hold(match[0]):
            return match[0]
        try:
            said = loads(match[0].decode(), strict=False)
        except ValueError:
            return match[0]
        new = self.text(said)
        return match[0] if new == said else exact.dump(new)

    def raw(self, body: bytes) -> bytes:
        """Bytes that are no JSON, as text of single bytes: no secret has other characters."""
        text = body.decode("latin-1")
        new = self.text(text)
        return body if new is text else new.encode("latin-1", "replace")


_LITERAL: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_MULTILINE: Final = frozenset({"private-key"})


def mark(kind: str, secret: str) -> str:
    """What stands for a secret."""
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{MARK}{kind}:{digest[:8]}]"


def _own(kind: str, match: re.Match[str]) -> str:
    if not match[0] or match[0].startswith(MARK):
        return match[0]
    group = "s" if "s" in match.re.groupindex else 0
    start, end = match.span(group)
    whole_start = match.start()
    return match[0][: start - whole_start] + mark(kind, match[group]) + match[0][end - whole_start :]


def _apart(spans: list[tuple[int, int, int, str]]) -> list[tuple[int, int, str]]:
    chosen: list[tuple[int, int, str]] = []
    for start, stop, _, kind in sorted(spans, key=lambda span: (span[2], span[0], -span[1])):
        if all(stop <= other[0] or start >= other[1] for other in chosen):
            chosen.append((start, stop, kind))
    return sorted(chosen)


def _is_json(body: bytes) -> bool:
    return body[:1] in (b"{", b"[") or body.lstrip()[:1] in (b"{", b"[")


def redactor(settings: Settings) -> Redactor | None:
    """What the settings ask for; None where redaction of bodies is off. Raises :class:`SettingError`."""
    if settings.redact == "off":
        return None
    file = settings.redact_file or settings.home / "redact.txt"
    if settings.redact_file is None and not file.is_file():
        return _plain()
    return Redactor(read_patterns(file))


@lru_cache(maxsize=1)
def _plain() -> Redactor:
    return Redactor()


def read_patterns(file: Path) -> list[tuple[str, re.Pattern[str]]]:
    """A user's own patterns: one a line, ``kind = expression`` or only the expression; ``#`` is a comment.

    A group named ``s`` is the secret, else the whole match. Raises :class:`SettingError` naming the line.
    """
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("CLAUDE_LENS_REDACT_FILE", str(file), f"a readable file ({error})") from None
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        named = re.fullmatch(r"([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.+)", line)
        kind, expression = (named[1], named[2]) if named else ("own", line)
        try:
            found.append((kind, re.compile(expression)))
        except re.error as error:
            problem = f"a regular expression in line {number} ({error})"
            raise SettingError("CLAUDE_LENS_REDACT_FILE", str(file), problem) from None
    return found


def exchange(given: Exchange, settings: Settings) -> Exchange:
    """An exchange as ``settings`` want it kept. Raises :class:`SettingError`."""
    found = redactor(settings)
    return given if found is None else found.exchange(given)
