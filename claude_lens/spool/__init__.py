"""The spool: what passed the proxy and is not yet committed by every sink, on disk and sealed.

``CLAUDE_LENS_HOME/spool`` holds one *journal* (a folder) for each feed, and ``totals.json`` with the counts
of the journals that are done. A journal is written by one proxy process and read by one recorder at a time;
both hold a lock for as long as they live, so that whoever finds the two free may take over what is left.
"""
