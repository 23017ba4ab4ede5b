import json

from tests.harness.lens import Lens


def test_off_takes_only_what_is_ours(lens: Lens) -> None:
    """Whatever else wrote the file in between; the proxy need not run."""
    file = lens.folder / ".claude" / "settings.json"
    lens.lensctl("on", "--yes", check=True, ANTHROPIC_API_KEY="sk-ant-x")
    lens.lensctl("down", check=True)
    changed = json.loads(file.read_text())
    assert set(changed) == {"env"}
    file.write_text(json.dumps({**changed, "model": "opus"}))
    lens.lensctl("off", check=True)
    assert json.loads(file.read_text()) == {"model": "opus"}


def test_off_where_nothing_is_on(lens: Lens) -> None:
    done = lens.lensctl("off", check=True)
    assert "nothing of ours" in done.stdout
    assert not (lens.folder / ".claude").exists()
