"""Every exchange on disk: content once, conversations as chains, one writer, readers that disturb nobody."""
