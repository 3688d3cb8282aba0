"""Trainer plugins; none is built yet."""
