"""Trainer plugins: each file is a method, and calls TRL; what they share begins with `_`."""
