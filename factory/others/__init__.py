"""Texts of other datasets and runs, kept as hashes, and which rows of this one nearly repeat one of them."""
