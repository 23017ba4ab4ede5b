"""What one request tells beside another: why a cache missed, what is new, what fills the context."""
