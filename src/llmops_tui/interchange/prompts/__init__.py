"""Prompts in other tools' files, in and out, and the text files that a repository keeps."""
