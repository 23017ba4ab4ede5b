"""What happened, read from the store: what goes on now, a session's sums, a day."""
