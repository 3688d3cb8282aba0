"""Every verb: each parses, calls one function, and prints. A file for each group, in the order of `--help`."""
