"""The name a text may use for a caller: a contact record's, never the caller ID's."""

from textback_pbx.database import Tx


async def name_of(tx: Tx, number: str | None) -> str:
    """Return the name of the contact with this number (E.164); ``""`` where no record has it."""
    if number is None:
        return ""
    found = await tx.value(
        "SELECT c.name FROM contact_numbers n JOIN contacts c ON c.id = n.contact_id WHERE n.number = ?", (number,)
    )
    return str(found or "")
