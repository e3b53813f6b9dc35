"""May this person be texted: what they wrote, what they agreed to, and the ledger that proves both."""
