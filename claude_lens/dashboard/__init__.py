"""The dashboard: web pages over the store, in a process of their own that only reads.

But for deleting and tagging a session, which need a token.
"""
