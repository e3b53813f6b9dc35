"""What the caller answered: stored first, put together, understood, and given to a person."""
