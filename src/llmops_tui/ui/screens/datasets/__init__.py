"""Data gathering: data sets, their examples, importing."""
