"""Scorers that need a library, a process or a model: what core names and may not load.

`core/scorers` holds their parameters. Each library is loaded when the first scorer that needs it
is compiled; one that isn't installed is an `UnavailableError` that says how to get it.
"""
