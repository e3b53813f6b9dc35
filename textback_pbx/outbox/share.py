"""Which texts one line may claim now, where several modems send for one office (MODEM 16). Pure.

A text is claimed by line and by conversation: a person who has had a text from one SIM goes on with that SIM, as
long as it is there, because another number at the top of the same conversation looks like a stranger.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """``lines`` are the business lines it serves (``None``: every one), less those in ``but``.

    ``elsewhere``: the SIMs (ICCIDs) of other modems that can send; conversations on them are left to them.
    A conversation on the asking line's own SIM is its own, whatever the business line. ``again_s``: after so many
    seconds the answer may be another one; ``None`` while nothing is under way that changes it.
    """

    lines: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    again_s: float | None = None


#: What the only modem of an office may claim.
EVERYTHING = Share()
