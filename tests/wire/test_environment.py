from typing import Any

import pytest

from claude_lens.messages.blocks import text_block
from claude_lens.messages.written import reminder
from claude_lens.wire.environment import working_folder

NEW = "# Environment\nYou:\n - Primary working directory: /srv/my project\n - Is a git repository: true"
OLD = "x\n<env>\nWorking directory: /srv/old\nIs directory a git repo: No\n</env>"


@pytest.mark.parametrize(
    ("body", "folder"),
    [
        ({"system": [{"type": "text", "text": "a"}, {"type": "text", "text": NEW}]}, "/srv/my project"),
        ({"system": OLD}, "/srv/old"),
        (
            {
                "system": [],
                "messages": [{"role": "user", "content": "hi"}, {"role": "system", "content": NEW}],
            },
            "/srv/my project",
        ),
        ({"messages": [{"role": "system", "content": [{"type": "text", "text": OLD}]}]}, "/srv/old"),
        ({"messages": [{"role": "user", "content": OLD}]}, None),
        (
            {"messages": [{"role": "user", "content": [text_block(reminder(NEW)), text_block(OLD)]}]},
            "/srv/my project",
        ),
        ({"system": "copy it under the primary working directory: a tool that"}, None),
        ({"system": 5, "messages": "x"}, None),
        ({"system": [5, {"text": 7}], "messages": [None, {"role": "system"}]}, None),
        (None, None),
    ],
)
def test_the_folder_that_the_client_works_in(body: Any, folder: str | None) -> None:
    assert working_folder(body) == folder
