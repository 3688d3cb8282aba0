"""Filters: one file a filter; `docs/why/contracts.md` says what one must be."""
