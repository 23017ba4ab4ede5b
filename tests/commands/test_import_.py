from __future__ import annotations

import json
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.transcript import Writer
from claude_lens.spool import journal
from tests.commands.conftest import SESSION
from tests.commands.filled import fill
from tests.harness.lens import Lens
from tests.harness.proxy import until
from tests.store.transfer.test_appending import talk
from tests.store.transfer.test_transcripts import write_session


def test_an_export_comes_back(recorded: Lens, lens: Lens) -> None:
    file = lens.folder / "session.jsonl"
    recorded.lensctl("export", SESSION, "-o", str(file))
    assert lens.lensctl("import", str(file)).stdout == "5 exchanges added; 0 were there already\n"
    assert lens.lensctl("import", str(file)).stdout == "0 exchanges added; 5 were there already\n"
    assert (
        lens.lensctl("show", SESSION, "--json").stdout == recorded.lensctl("show", SESSION, "--json").stdout
    )


def test_claude_codes_own_history(lens: Lens) -> None:
    fill(lens)
    write_session(Path(lens.environment["HOME"]) / ".claude" / "projects" / "x")
    done = json.loads(lens.lensctl("import", "--claude-transcripts", "--json").stdout)
    assert (done["read"], done["new"]) == (3, 3)
    again = json.loads(lens.lensctl("import", "--claude-transcripts", "--json").stdout)
    assert (again["read"], again["new"]) == (3, 0)


def test_its_folder_is_where_claude_code_has_it(lens: Lens) -> None:
    write_session(lens.folder / "other place" / "projects" / "x")
    missing = lens.lensctl("import", "--claude-transcripts")
    assert missing.returncode == 2
    assert "has no transcripts of Claude Code" in missing.stderr
    done = lens.lensctl("import", "--claude-transcripts", CLAUDE_CONFIG_DIR=str(lens.folder / "other place"))
    assert done.stdout.startswith("3 exchanges added; 0 were there already")


def test_what_cannot_be_read_is_named_and_passed_by(lens: Lens) -> None:
    folder = lens.folder / "projects"
    main = write_session(folder / "b")
    deep = '{"uuid": "d", "x": ' + "[" * 1000 + "]" * 1000 + "}"
    main.write_text(main.read_text().replace("not json", deep) + '\n{"type": "user", "uu')
    # Readable for nobody, not even for the administrator.
    (folder / "a.jsonl").symlink_to("/proc/self/mem")
    done = lens.lensctl("import", "--folder", str(folder))
    assert done.returncode == 1
    assert done.stdout == "3 exchanges added; 0 were there already; 2 files or lines passed by\n"
    assert f"passed by: {folder / 'a.jsonl'}: Input/output error\n" in done.stderr
    assert f"passed by: {main}:6: nested more than 250 levels deep\n" in done.stderr
    again = lens.lensctl("import", "--folder", str(folder), "--json")
    assert again.returncode == 1
    told = json.loads(again.stdout)
    assert (told["read"], told["new"], len(told["passed_by"])) == (3, 0, 2)


def test_a_transcript_by_its_name(lens: Lens) -> None:
    main = write_session(lens.folder / "x")
    title = {
        "type": "custom-title",
        "customTitle": "Counting with sk-ant-api03-" + "a" * 90,
        "sessionId": "sess-1",
    }
    main.write_text(main.read_text().replace("not json", json.dumps(title)))
    done = lens.lensctl("import", str(main))
    assert (done.stdout, done.returncode) == ("3 exchanges added; 0 were there already\n", 0)
    (session,) = json.loads(lens.lensctl("sessions", "--json").stdout)
    assert session["title"].startswith("Counting with ")
    assert "sk-ant-api03-aaa" not in session["title"]


def test_mistakes(lens: Lens) -> None:
    assert lens.lensctl("import").returncode == 2
    wrong = lens.folder / "wrong.jsonl"
    wrong.write_text("{}\n")
    done = lens.lensctl("import", str(wrong))
    assert done.returncode == 2
    assert "wrong.jsonl:1: neither what lensctl export wrote nor a transcript" in done.stderr


def test_a_folder_is_watched_until_ctrl_c(lens: Lens) -> None:
    folder = lens.folder / "projects"
    folder.mkdir()
    child = lens.start(
        sys.executable, "-P", "-m", "claude_lens", "import", "--folder", str(folder), "--watch"
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "0 exchanges added; 0 were there already\n"
        talk(folder / "one.jsonl", 0, 2)
        assert child.stdout.readline() == "2 exchanges added; 0 were there already\n"
        talk(folder / "one.jsonl", 2, 5)
        assert child.stdout.readline() == "3 exchanges added; 2 were there already\n"
    finally:
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
    assert (out, err, child.returncode) == ("", "", 0)


def test_ctrl_c_loses_nothing(lens: Lens) -> None:
    folder = lens.folder / "projects"
    written = Writer(folder / "one")
    written.write(300)

    file = f"file:{lens.home / 'lens.db'}?mode=ro"

    def stored() -> int:
        with suppress(sqlite3.Error), closing(sqlite3.connect(file, uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM exchanges").fetchone()[0])
        return 0

    child = lens.start(sys.executable, "-P", "-m", "claude_lens", "import", "--folder", str(folder))
    until(lambda: stored() > 0 or child.poll() is not None, 60, lambda: "nothing was stored")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    # It may have been done already.
    assert (child.returncode, "what was added stays" in err) in ((130, True), (0, False)), out + err
    assert "exchanges added" in out
    done = json.loads(lens.lensctl("import", "--folder", str(folder), "--json").stdout)
    assert (done["read"], stored()) == (612, 612)
    assert lens.lensctl("verify").returncode == 0


def test_answers_that_a_proxy_is_recording_wait(lens: Lens) -> None:
    folder = lens.folder / "projects"
    folder.mkdir()
    talk(folder / "one.jsonl", 0, 2)
    # An exchange that a proxy has passed on, and that is not in the store yet.
    spool = journal.folder(lens.home)
    spool.mkdir(parents=True)
    sums = {"passed": 1, "stored": 0, "lost": 0, "aside": 0, "folded": []}
    (spool / "totals.json").write_text(json.dumps(sums))
    now = datetime.now(UTC).isoformat()
    file = folder / "one.jsonl"
    file.write_text(file.read_text().replace("2026-01-31T09:30:01.500Z", now))
    done = lens.lensctl("import", "--folder", str(folder))
    assert done.stdout.startswith("1 exchanges added; 0 were there already; 1 wait for the proxy")
