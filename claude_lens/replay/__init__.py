"""A recorded session again: the real client, answered from the record, and going on from it elsewhere."""
