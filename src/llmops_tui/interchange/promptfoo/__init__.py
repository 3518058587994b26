"""promptfoo: its configurations as they are, and its results.

Nothing of a configuration is run by reading it: Python files are named, JavaScript is kept as text.
"""
