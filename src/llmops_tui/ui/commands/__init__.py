"""What a person can do in the app, declared once: keys, footer, help, palette and docs."""
