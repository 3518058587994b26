"""The workspace: one SQLite file. The only package with SQL."""
