"""What a run says, for others: JSON, Markdown, JUnit, HTML, tables, other tools' logs."""
