"""``python -m claude_lens.store.migrations "what changes"``: write the migration that ``schema.py`` needs."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine


def main() -> None:
    """Compare a fresh database, brought up to the newest migration, with the tables; write the difference."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("file_template", "m%%(rev)s_%%(slug)s")
    head = ScriptDirectory.from_config(config).get_current_head()
    with create_engine("sqlite://").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, sys.argv[1], autogenerate=True, rev_id=f"{int(head or 0) + 1:04}")


if __name__ == "__main__":
    main()
