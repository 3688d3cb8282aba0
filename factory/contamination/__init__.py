"""Benchmarks in training data: their items read, indexed as hashes, and looked for in a text whatever its dress."""
