"""Where prompt templates run: they see their variables, reach nothing else, and end in time.

Templates come from other people's files, so they count as hostile. Jinja's own sandbox keeps them
from Python's internals; it doesn't keep them from filling the memory or from never ending. Here

- `environment` allows attributes, calls and statements from short lists and forbids all others,
- `meter` counts steps, characters and processor time and stops what takes too much,
- `filters`, `methods` and `operators` look at the size of a result before they make it.

Only `meter` may be imported at start: the others load jinja2. `core.template` is the way in.
"""
