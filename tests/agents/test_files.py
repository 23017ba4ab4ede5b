from pathlib import Path

import pytest

from claude_lens.agents.files import MOST_BYTES, AgentFiles, parse
from tests.agents.bodies import asking, headers, today

BODY = "You are a careful reviewer.\n\nBe brief."


def write(folder: Path, name: str, body: str = BODY, file: str | None = None) -> Path:
    path = folder / f"{file or name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\nname: {name}\ndescription: Reviews code: carefully\n---\n\n{body}\n")
    return path


def ask(files: AgentFiles, system: str, project: Path | None = None) -> str | None:
    sent = headers("a1", project=str(project) if project else None)
    return files(asking(today(system=system, subagent=True), sent))


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "user"


@pytest.fixture
def files(user: Path) -> AgentFiles:
    return AgentFiles(user, look_again=0)


def test_project_and_user_files_at_any_depth(tmp_path: Path, user: Path, files: AgentFiles) -> None:
    project = tmp_path / "my project"
    write(project / ".claude" / "agents" / "deep" / "er", "reviewer", file="other")
    write(user / "agents", "poet", "You write verse, nothing else.")
    assert ask(files, f"{BODY}\n\nNotes:\n- more", project) == "reviewer"
    assert ask(files, f"{BODY}\n\nNotes:\n- more") is None
    assert ask(files, "You write verse, nothing else.", project) == "poet"
    assert ask(files, "You write verse, nothing else. Or do you?", project) is None
    assert ask(files, f"Before. {BODY}", project) is None


def test_longest_body_wins_and_twins_say_nothing(user: Path, files: AgentFiles) -> None:
    write(user / "agents", "short", "You are a reviewer.")
    write(user / "agents", "long", "You are a reviewer.\nOf everything.")
    assert ask(files, "You are a reviewer.\nOf everything.\n\nNotes") == "long"
    assert ask(files, "You are a reviewer.\n\nNotes") == "short"
    write(user / "agents", "twin", "You are a reviewer.")
    assert ask(files, "You are a reviewer.\n\nNotes") is None


def test_the_projects_agent_hides_the_users(tmp_path: Path, user: Path, files: AgentFiles) -> None:
    write(user / "agents", "reviewer", "You are the user's reviewer.")
    write(tmp_path / ".claude" / "agents", "reviewer", "You are the project's reviewer.")
    assert ask(files, "You are the project's reviewer.", tmp_path) == "reviewer"
    assert ask(files, "You are the user's reviewer.", tmp_path) is None


def test_read_again_when_changed(user: Path, files: AgentFiles) -> None:
    path = write(user / "agents", "first")
    assert ask(files, BODY) == "first"
    path.write_text(path.read_text().replace("name: first", "name: second"))
    assert ask(files, BODY) == "second"
    path.unlink()
    assert ask(files, BODY) is None


def test_not_read_at_every_request(user: Path) -> None:
    files = AgentFiles(user, look_again=3600)
    assert ask(files, BODY) is None
    write(user / "agents", "late")
    assert ask(files, BODY) is None


def test_hostile_folders(tmp_path: Path, user: Path, files: AgentFiles) -> None:
    agents = tmp_path / ".claude" / "agents"
    write(agents, "huge", "x" * (MOST_BYTES + 1))
    (agents / "loop").symlink_to(agents)
    (agents / "dangling.md").symlink_to(tmp_path / "nowhere")
    (agents / "binary.md").write_bytes(b"\xff\xfe\x00")
    write(agents, "good")
    assert [file.name for file in files.files(str(tmp_path))] == ["good"]
    assert files.files("relative/path") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no front matter at all",
        "---\nname: x\n",
        "---\nname: x\n---\nshort",
        "---\n[]\n---\nA body that is long enough.",
        "---\ndescription: nameless\n---\nA body that is long enough.",
    ],
)
def test_not_agent_files(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "front",
    [
        "name: poet",
        'name: "poet"',
        "# a comment\nname: poet\ntools:\n  - Read",
        "name: poet\ndescription: a: b",
    ],
)
def test_front_matter(front: str) -> None:
    found = parse(f"---\r\n{front}\r\n---\r\nA body that is long enough.\r\n".replace("\r\n", "\n"))
    assert found is not None
    assert (found.name, found.body) == ("poet", "A body that is long enough.")
