"""The three policies an office may choose from, each with the text it agrees to. Pure, frozen data.

Texts without proof of consent are a legal risk, and the sources for this product disagree on what an inbound call
proves. So the office chooses, and the choice is an entry in the ledger with the words it was shown. There is no
"off". No choice, or one this program does not know, acts as ``recorded``: the strictest. This is not legal advice.
"""

from dataclasses import dataclass
from enum import StrEnum

from textback_pbx.consent.ledger import ConsentState, Entry, Event, Status


class PolicyName(StrEnum):
    """What has to be on record before the automatic text goes out."""

    RECORDED = "recorded"
    ANNOUNCED = "announced"
    ONE_REPLY = "one_reply"


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. ``version`` changes whenever ``text`` does: a choice is a choice of these very words."""

    name: PolicyName
    version: str
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """What the office chose: ``line`` ``""`` for all lines, ``shown`` the text it was shown, ``seq`` its entry."""

    name: PolicyName
    version: str
    actor: str
    at_ms: int
    shown: str
    line: str = ""
    channel: str = "cli"
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether consent allows the automatic text, why in one sentence, and the entry it rests on (0: none)."""

    allowed: bool
    why: str
    seq: int = 0


_NOT_ADVICE = (
    "This is not legal advice. Whether an inbound call is consent to a text is unsettled in some countries; the "
    "sender carries the proof. Whatever you choose, STOP in any form ends all texts to that number at once."
)

POLICIES: dict[PolicyName, Policy] = {
    PolicyName.RECORDED: Policy(
        PolicyName.RECORDED,
        "recorded-1",
        "Only numbers with a consent on record are texted; every other missed call becomes a call-back task.",
        "We text a missed caller only when our ledger holds that person's consent for this number: written, spoken, "
        "by key press, or implied where our law counts an inquiry or a purchase and its term still runs. Without "
        "one the call becomes a call-back task and no text is sent. " + _NOT_ADVICE,
    ),
    PolicyName.ANNOUNCED: Policy(
        PolicyName.ANNOUNCED,
        "announced-1",
        "Our greeting says that a text may follow; calling on is the consent, kept with the greeting's version.",
        "Our greeting tells every caller, before the phone rings in the office, that we may answer a missed call "
        "with a text message. Who stays on the line after hearing it agrees. The greeting's exact words and version "
        "are stored with each such call, and we change the version whenever we change the recording. We text only "
        "callers who heard it, and callers with a consent on record. " + _NOT_ADVICE,
    ),
    PolicyName.ONE_REPLY: Policy(
        PolicyName.ONE_REPLY,
        "one-reply-1",
        "Each missed call is answered by one text without advertising; more only after the person wrote or agreed.",
        "We answer a missed call with exactly one text about that call. It names us, refers to the call and holds "
        "no advertising. We send nothing further unless the person writes back, or our ledger holds a consent for "
        "this number. " + _NOT_ADVICE,
    ),
}

#: What acts while nothing was chosen.
DEFAULT = PolicyName.RECORDED

#: Trades whose callers, or whose supervisors, expect the strictest policy.
PRESETS: dict[str, PolicyName] = dict.fromkeys(("health", "dental", "law", "finance", "insurance"), PolicyName.RECORDED)


def in_force(choice: PolicyChoice | None) -> PolicyName:
    """Return the policy to act by: the choice, or ``recorded`` when there is none or its words are not ours."""
    if choice is None or POLICIES[choice.name].version != choice.version:
        return DEFAULT
    return choice.name


def permits(
    policy: PolicyName, state: ConsentState, *, heard_greeting: bool = False, already_answered: bool = False
) -> Permission:
    """Return whether ``policy`` allows the automatic answer to one missed call.

    ``heard_greeting``: this call passed the announcement. ``already_answered``: this call, or an earlier one to
    which nothing was written back since, got its automatic text.
    """
    if state.status is Status.OPTED_OUT:
        seq = state.entry.seq if state.entry else 0
        return Permission(False, f"the person opted out (ledger entry {seq})", seq)
    record = _newest_record(state)
    if record is not None:
        return Permission(True, f"consent on record: {record.event.value}, ledger entry {record.seq}", record.seq)
    if policy is PolicyName.ANNOUNCED and heard_greeting:
        return Permission(True, "the greeting announced a text and the caller stayed on the line")
    if policy is PolicyName.ONE_REPLY and not already_answered:
        return Permission(True, "one answer to the person's own call, without advertising")
    return Permission(False, _refusal(policy, state))


def _newest_record(state: ConsentState) -> Entry | None:
    records = [entry for entry in state.grants if entry.event is not Event.ANNOUNCED]
    return records[-1] if records else None


def _refusal(policy: PolicyName, state: ConsentState) -> str:
    if policy is PolicyName.ANNOUNCED:
        return "the caller did not hear the greeting that announces a text, and no consent is on record"
    if policy is PolicyName.ONE_REPLY:
        return "this person already has the one answer, and no consent is on record"
    if state.status is Status.EXPIRED:
        return "the consent on record has expired"
    return "no consent on record for this number"
