"""Real clients of several years against the real proxy: what they send differs, what is recorded does not."""
