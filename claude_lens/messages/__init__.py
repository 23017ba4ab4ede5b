"""What messages mean: the one reader of blocks, calls, words, spawns and helper requests. Pure."""
