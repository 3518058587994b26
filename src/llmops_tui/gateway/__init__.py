"""Receiving production calls."""
