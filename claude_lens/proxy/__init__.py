"""Starting, stopping and asking the proxy: its process, its health, its key, its configuration."""
