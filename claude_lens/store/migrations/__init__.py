"""Alembic's migrations of the store, run in-process when a writer opens a database.

To add one: change ``schema.py``, run ``python -m claude_lens.store.migrations "what changes"``, look the new
file through, and set ``HEAD`` in ``schema.py`` to its number.
"""
