import json
import sqlite3

from claude_lens.proxy import key as keys
from claude_lens.proxy.health import health
from tests.commands.filled import fill
from tests.harness.lens import Lens
from tests.harness.proxy import until


def test_healthy(served: Lens) -> None:
    done = served.lensctl("status", "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 0
    assert (facts["healthy"], facts["state"], facts["url"]) == (True, "ours", served.url)
    assert facts["pid"] == health(served.url).pid
    assert facts["recording"]["dropped"] == 0
    told = facts["exchanges"]
    assert told["passed"] == told["stored"] + told["waiting"] + told["lost"]
    assert facts["uptime_s"] > 0
    assert facts["database"]["url"] == f"sqlite:///{served.home}/lens.db"
    key = keys.proxy_key(served.settings)
    assert key not in done.stdout
    shown = served.lensctl("status").stdout
    assert f"healthy at {served.url}" in shown
    assert "dropped 0" in shown
    # The recorder says so once it has opened them.
    until(lambda: "sinks store" in served.lensctl("status").stdout, 30, lambda: shown)
    assert "= stored 0 + waiting 0 + lost 0" in shown
    assert not set("[]{}'") & set(shown)
    assert key not in shown


def test_not_running(lens: Lens) -> None:
    done = lens.lensctl("status")
    assert done.returncode == 1
    assert f"not running at {lens.url}" in done.stdout
    facts = json.loads(lens.lensctl("status", "--json").stdout)
    assert (facts["healthy"], facts["state"], facts["pid"], facts["key"]) == (False, "down", None, "none")
    assert facts["database"]["bytes"] == 0
    assert not lens.home.exists()


def test_password_of_a_database_stays_out(lens: Lens) -> None:
    url = "postgresql://me:pass-word@host/lens"
    done = lens.lensctl("status", "--json", CLAUDE_LENS_DATABASE_URL=url)
    assert json.loads(done.stdout)["database"] == {
        "url": "postgresql://host/lens",
        "bytes": None,
        "growth": [],
    }


def test_growth(lens: Lens) -> None:
    fill(lens)
    done = lens.lensctl("status", "--json")
    assert json.loads(done.stdout)["database"]["growth"] == []
    assert "growth       known once there are sizes of two days" in lens.lensctl("status").stdout
    with sqlite3.connect(lens.home / "lens.db") as connection:
        (today,) = connection.execute("SELECT day FROM sizes").fetchone()
        sizes = [(today, 12_000_000, 50), (today - 1, 13_000_000, 30), (today - 9, 3_000_000, 14)]
        connection.executemany("REPLACE INTO sizes(day, at, bytes, exchanges) VALUES (?, 0, ?, ?)", sizes)
    connection.close()

    assert json.loads(lens.lensctl("status", "--json").stdout)["database"]["growth"] == [
        {"days": 1, "bytes_per_day": -1_000_000, "exchanges_per_day": 20},
        {"days": 9, "bytes_per_day": 1_000_000, "exchanges_per_day": 4},
    ]
    assert "-976.6 KB a day over the last day, 976.6 KB a day over 9 days" in lens.lensctl("status").stdout
