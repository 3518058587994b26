"""Talking to models, whoever the vendor is."""
