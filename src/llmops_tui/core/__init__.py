"""The language of the product: pure values and rules, no I/O."""
