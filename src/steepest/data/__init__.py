"""Read, check, encode, fingerprint, split and standardise data sets. Knows nothing of networks or rules."""
