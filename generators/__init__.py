"""Generators: one file a method; `docs/why/contracts.md` says what one must be."""
