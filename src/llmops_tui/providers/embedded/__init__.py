"""The embedded model: where it lies, how it gets there, and its own process that serves it."""
