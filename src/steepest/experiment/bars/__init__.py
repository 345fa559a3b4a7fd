"""Simple models to beat: what they read, what they are, and how they are scored."""
