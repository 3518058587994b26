"""The app's home: how wrong it can be, and the six stages of the project."""
