"""Backends that start, reset and stop the stack."""
