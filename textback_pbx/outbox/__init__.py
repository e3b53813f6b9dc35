"""One message on its way out: queued, claimed, handed over at most once, settled, reported."""
