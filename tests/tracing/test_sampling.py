import logging
import random

import pytest

from claude_lens.tracing.sampling import sampled

IDS = [random.Random(7).getrandbits(128) for _ in range(4000)]


@pytest.mark.parametrize("prefix", ["", "parentbased_"])
@pytest.mark.parametrize(
    ("name", "argument", "share"),
    [
        ("always_on", "", 1.0),
        ("always_off", "", 0.0),
        ("traceidratio", "0.25", 0.25),
        ("traceidratio", "", 1.0),
    ],
)
def test_the_share_that_is_sent(prefix: str, name: str, argument: str, share: float) -> None:
    ids = [random.Random(n).getrandbits(128) for n in range(4000)]
    wanted = sampled({"OTEL_TRACES_SAMPLER": prefix + name, "OTEL_TRACES_SAMPLER_ARG": argument})
    assert abs(sum(map(wanted, ids)) / len(ids) - share) < 0.03
    assert [wanted(one) for one in ids[:50]] == [wanted(one) for one in ids[:50]]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_TRACES_SAMPLER": "xray"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "7"},
        {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "half"},
    ],
)
def test_what_is_not_known_sends_all(environ: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert sampled(environ)(1)
    assert bool(caplog.records) == bool(environ)
