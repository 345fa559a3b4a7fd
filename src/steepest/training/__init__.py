"""Train members: alone, or many at once as one tensor program. Knows nothing of search or storage."""
