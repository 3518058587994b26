"""promptfoo's configurations and results in the product's words."""
