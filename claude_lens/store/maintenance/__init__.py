"""Keeping a database well: forgetting, checking, mending, copying."""
