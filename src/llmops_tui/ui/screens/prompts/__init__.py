"""Prompts: the list, the editor, versions and what differs between them."""
