"""Judging production calls."""
