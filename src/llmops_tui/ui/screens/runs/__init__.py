"""Test runs: the list, a run as it goes on, a sample, and how to start one."""
