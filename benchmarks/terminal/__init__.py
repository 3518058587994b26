"""What the app writes to a terminal, measured at its other end."""
