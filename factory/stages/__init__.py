"""What writes a table of a run: ingest, split, generate, filter, export."""
