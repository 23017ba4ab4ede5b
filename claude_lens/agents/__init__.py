"""Which agent asks, and which model it should get. Pure but for reading the user's agent files."""
