"""Tags: what a person calls a session, to find it again."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select

from claude_lens.errors import NotFound, UserError
from claude_lens.store import database
from claude_lens.store.rows import key_of
from claude_lens.store.schema import sessions, tags
from claude_lens.store.upsert import insert_into

LONGEST: Final = 64
"""Characters of a tag."""
FORK_OF: Final = "fork-of:"
"""How the tag begins that links a session to the one that it went on from."""
ARM: Final = "arm:"
"""How the tag begins that names the model with which it went on."""


def clean(tag: str) -> str:
    """A tag without white space around it. Raises :class:`UserError` where it is none.

    One has 1 to 64 printable characters. Its case is kept, but two that differ in nothing else are one.
    """
    found = unicodedata.normalize("NFC", tag).strip()
    if not found:
        raise UserError("a tag needs at least one character")
    if len(found) > LONGEST:
        raise UserError(f"a tag has at most {LONGEST} characters; {found[:20]}… has {len(found)}")
    if not found.isprintable():
        raise UserError(f"a tag has printable characters only, unlike {found!r}")
    return found


def change(url: str, session: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[str]:
    """Remove tags from the session with this whole id, then add some; the tags that it has now.

    One that is there already, in whatever case, stays as it is; one to remove that is not there is passed
    over. Raises :class:`UserError` for what is no tag, :class:`NotFound`, :class:`StoreError`.
    """
    wanted = [clean(tag) for tag in add]
    gone = [key_of(tag) for tag in remove]
    address = database.parse(url)
    engine = database.open_writer(address)
    try:
        with database.plain_errors(address), engine.begin() as connection:
            key = connection.execute(select(sessions.c.id).where(sessions.c.session_id == session)).scalar()
            if key is None:
                raise NotFound(f"no session {session!r}")
            connection.execute(delete(tags).where(tags.c.session == key, tags.c.key.in_(gone)))
            if wanted:
                insert = insert_into(connection, tags)
                now = time.time()
                rows = [{"session": key, "key": key_of(tag), "tag": tag, "at": now} for tag in wanted]
                connection.execute(insert.on_conflict_do_nothing(), rows)
            query = select(tags.c.tag).where(tags.c.session == key).order_by(tags.c.key)
            return [tag for (tag,) in connection.execute(query)]
    finally:
        engine.dispose()
