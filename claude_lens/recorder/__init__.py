"""From captured bytes to sinks: the feed in the proxy, the recorder process, and the frames between them."""
