"""What the report counts, read from the database."""
