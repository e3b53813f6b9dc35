"""Who does what by when, and the numbers a manager reads."""
