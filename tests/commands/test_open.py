import httpx

from claude_lens.dashboard import background
from tests.commands.filled import fill
from tests.harness.lens import Lens
from tests.harness.processes import free_port


def test_it_starts_the_dashboard_and_leads_to_the_session(lens: Lens) -> None:
    fill(lens)
    lens.environment["WEB_PORT"] = str(free_port())
    try:
        link = lens.lensctl("open", "last", "--no-open", check=True).stdout.strip()
        with httpx.Client() as http:
            opened = http.get(link)
            assert opened.status_code == 200
            to = opened.text.partition("url=")[2].partition('"')[0]
            assert to.startswith("/sessions/")
            assert http.get(link.partition("/open")[0] + to).status_code == 200
        plain = lens.lensctl("open", "--no-open", check=True).stdout.strip()
        assert "to=" not in plain
        foreign = httpx.get(plain, params={"token": plain.partition("=")[2], "to": "//evil.example/"})
        assert foreign.status_code == 200
        assert "evil" not in foreign.text
    finally:
        background.stop(lens.settings)


def test_a_session_that_is_not_there(lens: Lens) -> None:
    fill(lens)
    done = lens.lensctl("open", "nothing-like-this", "--no-open")
    assert done.returncode == 2
    assert "nothing-like-this" in done.stderr
