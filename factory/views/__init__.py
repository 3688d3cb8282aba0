"""What only reads a run: audit, show, trace, ledger, verify."""
