"""The same spans leave with the oldest OpenTelemetry that is supported as with the newest."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from claude_lens.tracing.backends import configured
from claude_lens.tracing.otlp import Sender
from claude_lens.tracing.resource import resource_attributes
from claude_lens.tracing.tree import Tree
from tests.harness import ROOT, child_environment
from tests.tracing.collector import Collector
from tests.tracing.sessions import nested, play

OLDEST = "1.33.1"
PYTHON = ROOT / ".cache" / "otel-oldest" / "bin" / "python"
SCRIPT = """
import sys, time
root, good, bad, version = sys.argv[1:]
sys.path.insert(0, root)
from opentelemetry.sdk.version import __version__
from claude_lens.tracing.backends import at, configured
from claude_lens.tracing.otlp import Sender
from claude_lens.tracing.resource import resource_attributes
from claude_lens.tracing.tree import Tree
from tests.tracing.sessions import nested, play

assert __version__ == version, __version__
environ = {"ARIZE_API_KEY": "key", "ARIZE_SPACE_KEY": "space", "ARIZE_COLLECTOR_ENDPOINT": good}
(backend,) = configured(environ)
spans = play(Tree(), *nested())
attempt = Sender(backend, resource_attributes(environ)).send(spans)
assert attempt.ok, attempt
for url, problem in ((bad, "HTTP 503"), ("http://127.0.0.1:9", "no connection")):
    begun = time.monotonic()
    attempt = Sender(at(url), {}).send(spans)
    assert attempt.retryable and attempt.problem.startswith(problem), attempt
    assert time.monotonic() - begun < 3, "it slept through retries"
"""


def told(collector: Collector) -> tuple[dict[str, str], list[Any]]:
    """Resource and spans, without what the SDK says about itself and its process."""
    (post,) = collector.posts
    resource = {
        name: value
        for name, value in post.resource.items()
        if not name.startswith(("telemetry.", "service.instance."))
    }
    assert (post.headers["space_id"], post.headers["api_key"], post.path) == ("space", "key", "/v1/traces")
    shapes = [
        (span.name, span.kind, span.status.code, len(span.parent_span_id), _attributes(span))
        for span in post.spans
    ]
    return resource, shapes


def _attributes(span: Any) -> list[tuple[str, str]]:
    """Names and values, without those that hold the number of an exchange."""
    numbered = ("metadata", "gen_ai.response.id")
    return [(one.key, str(one.value)) for one in span.attributes if one.key not in numbered]


@pytest.mark.skipif(not PYTHON.is_file(), reason="no old OpenTelemetry: run `make setup-phoenix`")
def test_with_the_oldest(tmp_path: Path) -> None:
    with Collector() as old, Collector() as new, Collector(mode=503) as bad:
        command = [PYTHON, "-c", SCRIPT, ROOT, old.url, bad.url, OLDEST]
        done = subprocess.run(
            list(map(str, command)),
            env=child_environment(HOME=str(tmp_path)),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert bad.attempts == 1
        environ = {"ARIZE_API_KEY": "key", "ARIZE_SPACE_KEY": "space", "ARIZE_COLLECTOR_ENDPOINT": new.url}
        (backend,) = configured(environ)
        assert Sender(backend, resource_attributes(environ)).send(play(Tree(), *nested())).ok
        assert told(old) == told(new)
