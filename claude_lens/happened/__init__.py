"""What happened, in words and sums: states, where the time went, changes of files. Pure."""
