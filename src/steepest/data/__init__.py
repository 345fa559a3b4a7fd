"""Read, check, encode, fingerprint, split, standardise, augment. Knows nothing of networks or rules."""
