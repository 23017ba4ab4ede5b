"""``lensctl demo``: a short session against a provider of our own, with no key and no network."""
