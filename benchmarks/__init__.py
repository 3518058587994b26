"""Timings of the product, each beside something to compare it with. `python -m benchmarks`."""
