"""Contents in full, and images, from the store alone."""

from __future__ import annotations

import base64
import re

import pytest
from starlette.testclient import TestClient

from claude_lens.store.sink import StoreSink
from tests.dashboard.test_conversation import S, said, user
from tests.store.conftest import Make

PNG = b"\x89PNG\r\n\x1a\nrest"


def picture(media_type: str = "image/png", data: str | None = None) -> dict[str, object]:
    """An image block."""
    encoded = base64.b64encode(PNG).decode() if data is None else data
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": encoded}}


def keep(sink: StoreSink, make: Make, *blocks: object) -> None:
    """One exchange with these blocks in its prompt."""
    sink.ended(make({"messages": [user("go", *blocks)]}, said("x")))
    sink.flush()


def test_an_image_is_its_own_bytes(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make, picture())
    found = re.search(r'<img src="([^"]+)"', client.get(f"/sessions/{S}").text)
    assert found
    answer = client.get(found[1])
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_damaged_image_is_no_image(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make, picture(data="A"))
    found = re.search(r'<img src="([^"]+)"', client.get(f"/sessions/{S}").text)
    assert found
    assert client.get(found[1]).status_code == 404


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml"])
def test_what_could_run_is_only_text(
    client: TestClient, make: Make, sink: StoreSink, media_type: str
) -> None:
    keep(sink, make, picture(media_type, base64.b64encode(b"<script>alert(1)</script>").decode()))
    assert "<img" not in client.get(f"/sessions/{S}").text
    answers = [client.get(f"/content/{key}/content/1/source") for key in range(1, 9)]
    found = [answer.headers["content-type"] for answer in answers if answer.status_code == 200]
    assert found == ["text/plain; charset=utf-8"]


def test_a_cut_text_is_there_in_full(client: TestClient, make: Make, sink: StoreSink) -> None:
    words = "<b>word</b> " * 3000
    keep(sink, make, words)
    found = re.search(r'hx-get="(/content/[^"]+)"', client.get(f"/sessions/{S}").text)
    assert found
    plain = client.get(found[1])
    assert plain.text == words
    assert plain.headers["content-type"].startswith("text/plain")
    part = client.get(found[1], headers={"hx-request": "true"}).text
    assert part.startswith('<pre class="code full"')
    assert "<b>" not in part
    assert part.count("&lt;b&gt;") == 3000


def test_a_very_long_text_is_opened_apart(client: TestClient, make: Make, sink: StoreSink) -> None:
    keep(sink, make, "x" * 1_200_000)
    found = re.search(r'hx-get="(/content/[^"]+)"', client.get(f"/sessions/{S}").text)
    assert found
    part = client.get(found[1], headers={"hx-request": "true"}).text
    assert len(part) < 500
    assert "1,200,000 characters" in part
    assert len(client.get(found[1]).text) == 1_200_000


@pytest.mark.parametrize(
    "path",
    [
        "1/content/99",
        "1/nothing",
        "1/content/x",
        "1/content/0/text/more/x",
        "999/content",
        "99999999999999999999/x",
    ],
)
def test_places_where_nothing_is(client: TestClient, make: Make, sink: StoreSink, path: str) -> None:
    keep(sink, make)
    assert client.get(f"/content/{path}").status_code == 404


def test_keys_may_hold_anything(client: TestClient, make: Make, sink: StoreSink) -> None:
    sink.ended(make({"messages": [{"role": "user", "content": {"a/b?c#d%": "found"}}]}, said("x")))
    sink.flush()
    answers = [client.get(f"/content/{key}/content/a%2Fb%3Fc%23d%25") for key in range(1, 8)]
    assert "found" in [answer.text for answer in answers if answer.status_code == 200]
