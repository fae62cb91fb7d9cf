"""Rushlab: a Jupyter workbench for performance analysis of a coupon service under load."""

__version__ = "0.1.0"
