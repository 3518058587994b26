"""The schema of the workspace file, as the steps that led to it."""
