"""Inspect's evaluation logs: `.eval` archives and `.json` documents (log format version 2)."""
