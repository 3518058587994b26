"""What a person can do, once for the app and the command line alike."""
