"""Which contents are the same message in another form, as the writer finds out when one is new.

The first that came stands for all: it is the one in the search index, and its occurrences are theirs. What
came later is in ``aliases``.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select

from claude_lens.exact import load
from claude_lens.messages.calls import calls
from claude_lens.store import identity
from claude_lens.store.content import unpack
from claude_lens.store.schema import aliases, contents, identities
from claude_lens.store.writing.known import Known
from claude_lens.store.writing.prepared import MOST, Prepared
from claude_lens.store.writing.statements import CONTENTS

_BY_FORM: Final = Prepared(
    lambda _, names: (
        select(identities.c.form, identities.c.content)
        .where(identities.c.form.in_([bindparam(name) for name in names]))
        .order_by(identities.c.content)
    )
)
_ALIASES: Final = Prepared(
    lambda _, names: select(aliases).where(aliases.c.content.in_([bindparam(name) for name in names]))
)
_ADD: Final = Prepared(lambda insert, _: insert(identities).on_conflict_do_nothing())
_ADD_ALIASES: Final = Prepared(lambda insert, _: insert(aliases).on_conflict_do_nothing())
_MOST: Final = 8
"""So many contents of one form are compared with another."""


class Identities:
    """What one transaction finds out; ``write`` sends it. ``found``: what stands for a content, by key.

    ``unmet``: contents that are to be met later, unless they were by now.
    """

    def __init__(self, connection: Connection, known: Known, unmet: Container[int] = ()) -> None:
        self._connection = connection
        self._unmet = unmet
        self._known = known
        self._same: dict[int, int] = {}
        self._values: dict[int, Any] = {}
        self._forms: dict[bytes, list[int]] = {}
        self._rows: list[dict[str, int]] = []
        self.found: dict[int, int] = {}

    def same(self, keys: Sequence[int]) -> list[int]:
        """For each content that is stored or was passed to :meth:`meet` the one that stands for it."""
        missing = [key for key in keys if self._of(key) is None]
        if missing:
            self._same |= {key: key for key in missing}
            self._same |= aliases_of(self._connection, missing)
        return [self._of(key) or key for key in keys]

    def _of(self, key: int) -> int | None:
        found = self._same.get(key)
        return self._known.same.get(key) if found is None else found

    def meet(self, fresh: Sequence[tuple[int, bytes, Any]]) -> None:
        """Take in messages that are new: key, digest and value of their contents, the oldest first."""
        new = [one for one in fresh if one[0] not in self._same]
        if not new:
            return
        forms = {key: identity.form_digest(value) for key, _, value in new}
        # The form of a call has no input: nothing that was sent looks like it.
        others = {forms[key] for key, digest, value in new if forms[key] != digest and not calls(value)}
        stored = self._stored(set(forms.values()), others)
        for key, digest, value in new:
            form = forms[key]
            met = [*self._forms.get(form, ()), *stored.get(form, ())]
            chosen = next((other for other in met if self._is_met(other) and self._are(other, value)), key)
            self._same[key] = chosen
            if chosen != key:
                self.found[key] = chosen
                continue
            self._values[key] = value
            self._forms.setdefault(form, []).append(key)
            if form != digest:
                self._rows.append({"form": identity.key(form), "content": key})

    def _is_met(self, key: int) -> bool:
        return key in self._same or key not in self._unmet

    def _are(self, key: int, value: Any) -> bool:
        try:
            return identity.alike(self._value(key), value)
        except ValueError:
            # What is damaged, or gone, stands for nothing.
            return False

    def _stored(self, wanted: set[bytes], plain: set[bytes]) -> dict[bytes, list[int]]:
        """Contents of these forms that stand for themselves; ``plain`` may be a stored one's digest."""
        found: dict[bytes, list[int]] = {}
        by_key = {identity.key(form): form for form in wanted}
        for part in _parts(list(by_key)):
            for form, key in _BY_FORM.among(self._connection, part):
                found.setdefault(by_key[form], []).append(key)
        for part in _parts(sorted(plain)):
            rows = CONTENTS.among(self._connection, part).all()
            same = aliases_of(self._connection, [row.id for row in rows]) if rows else {}
            for row in rows:
                found.setdefault(bytes(row.digest), []).append(same.get(row.id, row.id))
        return {form: keys[-_MOST:] for form, keys in found.items()}

    def _value(self, key: int) -> Any:
        if key not in self._values:
            query = select(contents.c.codec, contents.c.data).where(contents.c.id == key)
            row = self._connection.execute(query).one_or_none()
            if row is None:
                raise ValueError(f"content {key} is missing")
            self._values[key] = load(unpack(row.codec, row.data))
        return self._values[key]

    def write(self) -> None:
        """Send everything."""
        # Rows of contents that went without a word, and came back under the same key, may be there still.
        _ADD.run(self._connection, self._rows)
        rows = [{"content": key, "same": same} for key, same in self.found.items()]
        _ADD_ALIASES.run(self._connection, rows)

    def learned(self, known: Known) -> None:
        """What is known now that the transaction is committed."""
        known.same.update(self._same)


def aliases_of(connection: Connection, keys: Iterable[int]) -> dict[int, int]:
    """Those of these contents that are another message in another form, and which."""
    found: dict[int, int] = {}
    for part in _parts(sorted(set(keys))):
        found.update((row.content, row.same) for row in _ALIASES.among(connection, part))
    return found


def forget(connection: Connection, values: dict[int, Any]) -> None:
    """Before contents go or change: they, by key with their value, stand for nothing any more.

    The value is None where a content was known as another one.
    """
    for part in _parts(list(values)):
        connection.execute(delete(aliases).where(aliases.c.content.in_(part)))
        connection.execute(delete(aliases).where(aliases.c.same.in_(part)))
    for key, value in values.items():
        if value is None:
            continue
        row = identities.c.form == identity.key(identity.form_digest(value))
        connection.execute(delete(identities).where(row, identities.c.content == key))


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + MOST] for start in range(0, len(items), MOST))
