"""JUnit XML: what test reporters of CI systems read."""
