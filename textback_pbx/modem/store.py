"""This stage's SQL: PIN attempts, written before they are made (MODEM 7). Three wrong ones lock a SIM.

The PIN itself is never stored; its digest is bound to the card. Four digits are no secret against somebody who has
the file, so the file's mode (0600) is what protects them.
"""

import hashlib

from textback_pbx.database import Tx
from textback_pbx.modem.pin import PinResult


def _digest(iccid: str, pin: str) -> str:
    return hashlib.sha256(f"{iccid}/{pin}".encode()).hexdigest()


async def begin_pin(tx: Tx, iccid: str, pin: str, now_ms: int) -> PinResult | None:
    """Write that this PIN is about to be tried on this card; return ``None`` when it may be.

    Otherwise what became of the earlier attempt: ``REFUSED``, or ``TRIED`` when nobody saw its answer. A PIN that
    was accepted may be used again; until its answer it counts as tried, in case the card was given another PIN.
    """
    digest = _digest(iccid, pin)
    known = await tx.value("SELECT result FROM pin_attempts WHERE iccid = ? AND pin_hash = ?", (iccid, digest))
    if known in (PinResult.REFUSED, PinResult.TRIED):
        return PinResult(known)
    await tx.run(
        "INSERT INTO pin_attempts (iccid, pin_hash, at_ms) VALUES (?, ?, ?)"
        " ON CONFLICT (iccid, pin_hash) DO UPDATE SET at_ms = excluded.at_ms, result = 'tried'",
        (iccid, digest, now_ms),
    )
    return None


async def settle_pin(tx: Tx, iccid: str, pin: str, result: PinResult) -> None:
    """Write what the SIM answered."""
    await tx.run(
        "UPDATE pin_attempts SET result = ? WHERE iccid = ? AND pin_hash = ?",
        (result.value, iccid, _digest(iccid, pin)),
    )


async def forget_pins(tx: Tx, iccid: str | None = None) -> int:
    """Forget attempts that did not succeed, of one card or of all: a person says the PIN is right now."""
    return await tx.run(
        "DELETE FROM pin_attempts WHERE result <> 'accepted' AND (? IS NULL OR iccid = ?)", (iccid, iccid)
    )
