"""Test runs: plan, dispatch, score, write, resume."""
