"""What an answer of the network means for the part: try again, when, or never. Pure; the codes are data.

``+CMS ERROR`` numbers (3GPP TS 27.005, 3.2.5): 0-127 are RP causes (24.011, 8.2.5.4 and annex E-2), 128-255
TP-Failure-Causes (23.040, 9.2.3.22), 300 and up come from the modem itself. Whether an answer is *definite* is
the modem's table to say; here stands only what a definite one is good for. It must never lead an answer that is
not definite back into the queue.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.outbox.attempt import Accepted, Event, NotHandedOver, Refused, SubmitResult

SECOND_MS = 1_000


class Remedy(StrEnum):
    """What can still be done about a definite refusal."""

    SOON = "soon"  # a passing trouble: again in a moment
    LATER = "later"  # a trouble that lasts: again after a longer while
    LINE = "line"  # this SIM or modem can send nothing now: the whole line rests, the text waits
    MESSAGE = "message"  # this text will not be taken; trying again changes nothing
    NUMBER = "number"  # this number cannot be texted, now or later
    TAKEN = "taken"  # the SMSC says it already has it: nobody can know


_SOON, _LATER, _LINE = Remedy.SOON, Remedy.LATER, Remedy.LINE
_MESSAGE, _NUMBER = Remedy.MESSAGE, Remedy.NUMBER

#: RP causes of a mobile-originated text: 24.011, 8.2.5.4, meaning in annex E-2.
RP_CAUSES: dict[int, tuple[Remedy, str]] = {
    1: (_NUMBER, "the number is not assigned"),
    8: (_LINE, "the operator bars this SIM from sending texts (credit, or the plan)"),
    10: (_MESSAGE, "this SIM may not text that destination (barring)"),
    17: (_SOON, "the network failed"),
    21: (_MESSAGE, "the text was rejected (a filter, or no credit)"),
    22: (_SOON, "the network is congested"),
    27: (_LATER, "the destination is out of order"),
    28: (_MESSAGE, "a subscriber is not known to the network"),
    29: (_LINE, "the network does not offer texts to this SIM"),
    30: (_MESSAGE, "a subscriber is not registered"),
    38: (_LATER, "the network is out of order"),
    41: (_SOON, "a passing failure of the network"),
    42: (_SOON, "the network is congested"),
    47: (_LATER, "the network has no room"),
    50: (_LINE, "the plan of this SIM has no texts"),
    69: (_LINE, "the network does not carry texts"),
    81: (_SOON, "the network lost track of the transfer"),
    95: (_MESSAGE, "the network calls the message incorrect"),
    96: (_MESSAGE, "the network calls the message incomplete"),
    97: (_MESSAGE, "the network does not know this kind of message"),
    98: (_SOON, "the message did not fit the state of the transfer"),
    99: (_MESSAGE, "the network does not know a part of the message"),
    111: (_LATER, "a protocol error"),
    127: (_LATER, "another network refused it without a cause"),
}

#: TP-Failure-Causes in answer to SMS-SUBMIT: 23.040, 9.2.3.22.
FAILURE_CAUSES: dict[int, tuple[Remedy, str]] = {
    0x80: (_MESSAGE, "the message centre does not support interworking"),
    0x81: (_MESSAGE, "the message centre does not support this type"),
    0x82: (_MESSAGE, "the message centre cannot replace a text"),
    0x8F: (_MESSAGE, "the message centre refuses the protocol identifier"),
    0x90: (_MESSAGE, "the message centre does not support the alphabet"),
    0x91: (_MESSAGE, "the message centre does not support the message class"),
    0x9F: (_MESSAGE, "the message centre refuses the coding"),
    0xA0: (_MESSAGE, "the message centre cannot do the command"),
    0xA1: (_MESSAGE, "the message centre does not support the command"),
    0xAF: (_MESSAGE, "the message centre refuses the command"),
    0xB0: (_MESSAGE, "the message centre does not support this message"),
    0xC0: (_SOON, "the message centre is busy"),
    0xC1: (_LINE, "this SIM has no subscription with the message centre"),
    0xC2: (_LATER, "the message centre failed"),
    0xC3: (_NUMBER, "the message centre calls the number invalid"),
    0xC4: (_MESSAGE, "the destination is barred"),
    0xC5: (Remedy.TAKEN, "the message centre says it has this text already"),
    0xC6: (_MESSAGE, "the message centre does not support the validity format"),
    0xC7: (_MESSAGE, "the message centre does not support a validity period"),
    0xFF: (_LATER, "the message centre refused it without a cause"),
}

#: The modem's own refusals that can be definite: 27.005, 3.2.5. Most speak of the SIM or the set-up.
MODEM_ERRORS: dict[int, tuple[Remedy, str]] = {
    300: (_LATER, "the modem failed"),
    301: (_LINE, "the modem's text service is reserved"),
    302: (_LINE, "the modem does not allow it"),
    303: (_LINE, "the modem does not support it"),
    304: (_MESSAGE, "the modem calls the PDU invalid"),
    305: (_MESSAGE, "the modem calls the text invalid"),
    310: (_LINE, "no SIM is in the modem"),
    311: (_LINE, "the SIM wants its PIN"),
    312: (_LINE, "the SIM wants the phone's PIN"),
    313: (_LINE, "the SIM failed"),
    314: (_SOON, "the SIM is busy"),
    315: (_LINE, "the SIM is the wrong one"),
    316: (_LINE, "the SIM wants its PUK"),
    317: (_LINE, "the SIM wants its PIN2"),
    318: (_LINE, "the SIM wants its PUK2"),
    320: (_LINE, "the modem's memory failed"),
    321: (_LATER, "the modem calls the place in memory invalid"),
    322: (_LINE, "the modem's memory is full"),
    330: (_LINE, "the number of the message centre is missing"),
    331: (_LINE, "there is no network"),
    340: (_SOON, "the modem expected no acknowledgement"),
}

_CODES = {**RP_CAUSES, **FAILURE_CAUSES, **MODEM_ERRORS}


def remedy(code: int | None) -> tuple[Remedy, str]:
    """Return what a definite refusal with this code is good for, and its words; an unlisted one: later."""
    return _CODES.get(-1 if code is None else code, (Remedy.LATER, "refused"))


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how soon the machine tries again by itself; times in milliseconds.

    ``hand_overs`` bounds the times one part is handed over (each but the last definitely refused), ``claims``
    the times it is taken up at all. The waits double up to their end.
    """

    hand_overs: int = 3
    claims: int = 30
    soon_ms: int = 15 * SECOND_MS
    later_ms: int = 120 * SECOND_MS
    longest_ms: int = 900 * SECOND_MS
    no_prompt_ms: int = 5 * SECOND_MS
    no_prompt_longest_ms: int = 30 * SECOND_MS
    rest_ms: int = 60 * SECOND_MS  # how long a line rests after a refusal that is about the SIM or the modem


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one answer does to a part and its line. Waits are milliseconds from now."""

    event: Event
    reason: str
    retry_ms: int = 0
    rest_ms: int = 0
    cannot_text: bool = False


def verdict(result: SubmitResult, hand_overs: int, claims: int, retries: Retries) -> Verdict:
    """Judge a line's answer. ``hand_overs`` and ``claims`` count this attempt too."""
    if isinstance(result, Accepted):
        return Verdict(Event.ACCEPTED, "")
    if isinstance(result, NotHandedOver):
        return _not_handed_over(result, claims, retries)
    if isinstance(result, Refused) and result.definite:
        return _refused(result, hand_overs, claims, retries)
    reason = result.reason or "the answer leaves it open"
    if isinstance(result, Refused) and result.code is not None:
        reason = f"{reason} (CMS {result.code})"
    return Verdict(Event.LOST, reason, rest_ms=retries.soon_ms)


def _not_handed_over(result: NotHandedOver, claims: int, retries: Retries) -> Verdict:
    if claims >= retries.claims:
        return Verdict(Event.REFUSED_FOR_GOOD, f"the modem did not take it in {claims} tries: {result.reason}")
    wait = _doubled(retries.no_prompt_ms, claims, retries.no_prompt_longest_ms)
    return Verdict(Event.NOT_HANDED_OVER, result.reason, retry_ms=wait, rest_ms=retries.no_prompt_ms)


def _refused(result: Refused, hand_overs: int, claims: int, retries: Retries) -> Verdict:
    what, words = remedy(result.code)
    number = "" if result.code is None else f" (CMS {result.code})"
    reason = f"{result.reason or words}{number}"
    rest = retries.rest_ms if what is Remedy.LINE else 0
    if what is Remedy.TAKEN:
        return Verdict(Event.LOST, reason)
    if what in (Remedy.MESSAGE, Remedy.NUMBER):
        return Verdict(Event.REFUSED_FOR_GOOD, reason, cannot_text=what is Remedy.NUMBER)
    if hand_overs >= retries.hand_overs or claims >= retries.claims:
        return Verdict(Event.REFUSED_FOR_GOOD, f"{reason}, in {max(hand_overs, 1)} tries", rest_ms=rest)
    first = retries.soon_ms if what is Remedy.SOON else retries.later_ms
    return Verdict(Event.REFUSED_FOR_NOW, reason, _doubled(first, hand_overs, retries.longest_ms), rest)


def _doubled(first: int, tries: int, longest: int) -> int:
    return int(min(longest, first * 2 ** max(0, min(tries, 20) - 1)))
