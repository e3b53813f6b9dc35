"""One conversation: a number and a line, with everything that happened between them in one timeline."""
