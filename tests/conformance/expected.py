"""Why the ways of ours that pass through LiteLLM's code differ from the direct one, where they do.

A difference without a reason here fails the suite, and so does a reason that no difference needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.conformance.answers import LIMITS
from tests.conformance.ways import PLAIN, TRANSLATED

BROWSER = "LiteLLM's app adds headers meant for browsers to every answer."
UNPACKED = (
    "LiteLLM reads the answer and asks for it unpacked; the client gets the same bytes, not compressed."
)
FORM = "The body is not in Anthropic's form, so that a well-made error takes its place; the status is kept."
FOLDED = (
    "LiteLLM's HTTP client takes a dictionary: a header that comes twice goes on as one, comma-separated."
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why ``labels`` differ on ``ways``; ``cases`` empty means wherever they do."""

    text: str
    labels: tuple[str, ...]
    ways: tuple[str, ...] = (TRANSLATED,)
    cases: tuple[str, ...] = ()

    def covers(self, way: str, case: str, label: str) -> bool:
        """Whether this is the reason for that difference."""
        return way in self.ways and label in self.labels and (not self.cases or case in self.cases)


ZIPPED = (
    *(f"whole answer, {how}" for how in ("gzip", "zstd", "brotli", "deflate")),
    *(f"stream, {how}" for how in ("gzip", "zstd", "brotli")),
    "status 400, gzip",
)
UNFORMED = ("status 502 with a page", "status 503 with no body")

REASONS = (
    Reason(
        BROWSER,
        (
            "response header content-security-policy added",
            "response header vary added",
            "response header x-content-type-options added",
            "response header x-frame-options added",
        ),
        (TRANSLATED, PLAIN),
    ),
    Reason(
        "LiteLLM tells about itself: call id, cost, model, and that streams must not be buffered.",
        ("response header x-litellm-* added", "response header x-accel-buffering added"),
    ),
    Reason(
        UNPACKED,
        (
            "response header content-encoding lost",
            "response header content-length changed",
            "response body unpacked",
        ),
        cases=ZIPPED,
    ),
    Reason(
        "LiteLLM sends every stream in chunks.",
        ("response header content-length lost",),
        cases=("with a content-length", "a whole answer instead"),
    ),
    Reason(
        "LiteLLM says of every answer to a streamed request that it is not to be kept.",
        ("response header cache-control added",),
        cases=("a whole answer instead", "a stream that is called JSON"),
    ),
    Reason(
        "LiteLLM's HTTP client takes no header of more than 8 KB, and fails.",
        (
            "status 200 is 500",
            "response header content-length changed",
            "response header x-long lost",
            *(f"response header {name} lost" for name, _ in LIMITS),
            "response body",
        ),
        cases=("a header of 30 KB",),
    ),
    Reason(
        "After 15 s of silence the stream gets a ping, so that nobody between takes it for dead.",
        ("response body with pings added",),
        cases=("long silence inside a stream",),
    ),
    Reason(
        FORM,
        (
            "response body",
            "response header content-length changed",
            "response header content-type changed",
            "response header content-type added",
        ),
        cases=UNFORMED,
    ),
    Reason(FOLDED, ("request header x-twice changed",), cases=("a header twice",)),
)
