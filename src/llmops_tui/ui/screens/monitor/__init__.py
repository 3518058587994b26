"""Production calls as they arrive."""
