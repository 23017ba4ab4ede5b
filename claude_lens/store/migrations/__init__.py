"""Alembic's migrations of the store, run in-process when a writer opens a database."""
