import signal
import sys

from tests.harness.lens import Lens


def test_end_of_the_log(lens: Lens) -> None:
    assert lens.lensctl("logs").stdout == ""
    lens.home.mkdir()
    (lens.home / "proxy.log").write_text("".join(f"line {number}\n" for number in range(200)))
    shown = lens.lensctl("logs", "-n", "2").stdout
    assert shown == "line 198\nline 199\n"
    assert len(lens.lensctl("logs").stdout.splitlines()) == 100
    assert lens.lensctl("logs", "-n", "0").stdout == ""


def test_follow(lens: Lens) -> None:
    lens.home.mkdir()
    log = lens.home / "proxy.log"
    log.write_text("old\n")
    child = lens.start(sys.executable, "-P", "-m", "claude_lens", "logs", "-f", PYTHONUNBUFFERED="1")
    assert child.stdout is not None
    assert child.stdout.readline() == "old\n"
    with log.open("a") as out:
        out.write("new\n")
    assert child.stdout.readline() == "new\n"
    log.unlink()
    log.write_text("again\n")
    assert child.stdout.readline() == "again\n"
    child.send_signal(signal.SIGINT)
    out_text, err = child.communicate(timeout=20)
    assert (child.returncode, out_text, err.strip()) == (130, "", "")
