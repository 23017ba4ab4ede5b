"""The dashboard: web pages over the store, in a process of their own that only reads."""
