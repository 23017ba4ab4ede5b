"""From exchanges to rows: one writer, its batches, and what it keeps beside the records."""
