"""Looking after examples: finding them, spreading them over splits, checking them. Pure."""
