import json
from pathlib import Path

from tests.harness import interactive
from tests.harness.lens import Lens
from tests.upstream import Provider, always, say, text


def test_four_lines_after_a_real_session(lens: Lens, upstream: Provider) -> None:
    """Below what the client leaves on the terminal at its end, and never while it draws there."""
    lens.environment |= {"ANTHROPIC_FORWARD_URL": upstream.url, "ANTHROPIC_API_KEY": "sk-ant-provider"}
    lens.environment["CLAUDE_LENS_GREETING"] = "off"  # which says where to look as well
    upstream.play(always(say(text("hello from the provider"))))
    lens.lensctl("up", check=True)
    assert "added to" in lens.lensctl("hook", "--install", check=True).stdout
    assert "installed in" in lens.lensctl("hook", check=True).stdout
    with interactive.session(lens) as terminal:
        terminal.wait(interactive.READY)
        terminal.enter("say hello")
        terminal.wait("hello from the provider")
        assert not terminal.shows("look: lensctl")
        at = len(terminal.output)
        terminal.enter("/exit")
        terminal.wait("look: lensctl open", start=at)
        assert terminal.ended() == 0
        assert terminal.shows("no tool was called", at)
        assert not terminal.shows("hook", at)
    session = json.loads(lens.lensctl("sessions", "--json", check=True).stdout)[0]["id"]
    assert terminal.shows(f"lensctl open {session[:8]}", at)
    lens.lensctl("hook", "--remove", check=True)
    left = lens.folder / ".claude" / "settings.json"
    assert not left.exists() or "hooks" not in json.loads(left.read_text())


def test_the_hook_is_one_entry_of_ours(lens: Lens) -> None:
    file = lens.folder / ".claude" / "settings.json"
    file.parent.mkdir()
    file.write_text('{"hooks": {"SessionEnd": [{"hooks": []}]}}')
    assert "not installed" in lens.lensctl("hook", check=True).stdout
    lens.lensctl("hook", "--install", check=True)
    assert "already in" in lens.lensctl("hook", "--install", check=True).stdout
    theirs, ours = json.loads(file.read_text())["hooks"]["SessionEnd"]
    assert theirs == {"hooks": []}
    (hook,) = ours["hooks"]
    assert hook["command"].startswith(f"CLAUDE_LENS_HOME='{lens.home}' ")
    assert hook["command"].endswith("last --hook")
    lens.lensctl("hook", "--remove", check=True)
    assert file.read_text() == '{"hooks": {"SessionEnd": [{"hooks": []}]}}'
    assert "nothing of ours" in lens.lensctl("hook", "--remove", check=True).stdout
    assert Path(file).exists()
