"""The rules by which the words around a mention of time claim it: as past, an event, standing already; pure.

Each rule reads the clause around the mention, or its statement; the table at the end has them in their order.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from textback_pbx.replies.mentions import IF_CANNOT, Mention, Role
from textback_pbx.replies.signs import (
    AT_HOME,
    EVENT,
    EVENT_BEFORE,
    EVENT_MOVES,
    EXCLUDED_LEFT,
    EXCLUDED_RIGHT,
    EXISTING_LEFT,
    EXISTING_RIGHT,
    FROM,
    HABIT,
    HADS,
    MOVE,
    MUST_DO,
    MY_LEFT,
    OF_IT,
    OTHERS_DO,
    OWN_DOINGS,
    PREFER_RIGHT,
    PROMISED,
    REQUESTS,
    STAYS_UNTIL,
    STILL_ON,
    TO,
    WAS_MOVED,
)


@dataclass(frozen=True, slots=True)
class Around:
    """A mention with what stands around it: ``left`` and ``right`` in its statement, ``near`` since the one before."""

    mention: Mention
    left: str
    right: str
    near: str
    whole: str
    after_excluded: bool
    before: str = ""  # what stands before its statement

    @property
    def event_before(self) -> bool:
        """Whether the statements before name an event."""
        return EVENT.search(self.before) is not None

    @property
    def clause(self) -> str:
        """The clause before the mention."""
        return re.split(r"[,;]|\b(?:but|so|because|cause|since|cuz)\b", self.near)[-1]

    @property
    def here(self) -> str:
        """The clause on both sides."""
        after = re.split(r"[,;]|\b(?:but|so|and|or|because|cause|can|could|please)\b", self.right)[0]
        return f"{self.clause} \x00 {after}"


def _event_moves(a: Around) -> bool:
    return EVENT_MOVES.search(a.left) is not None and re.search(rf"\b{MOVE}\b", a.left) is not None


def _is_of_yesterday(a: Around) -> bool:
    """Tell an hour beside a day that is over: "yesterday at 4:40", "about ten to nine last night"."""
    beside = re.search(r"\x01\W*(?:at|around|about|like|say|a las?)?\W*$", a.near) or re.match(r"[ ,]*\x01", a.right)
    return beside is not None and a.mention.day is None


def _was_moved(a: Around) -> bool:
    return WAS_MOVED.search(a.left) is not None and not REQUESTS.search(a.clause)


def _moves_here(a: Around) -> bool:
    still = (
        re.search(r"\bstill (?:at |for |around )?$", a.near) is not None
        and re.search(rf"\b{MOVE}\b", a.left) is not None
    )
    return still or bool(re.match(r"^\W*(?:instead|rather)\b", a.right) or TO.search(a.left))


#: "Friday morning is the only time ...", "1 to 3 is when my tenant is home"; "the only day that works is Tuesday".
_FREE_THEN = re.compile(
    r"^\W*(?:is|are|would be|'s|will be)(?: (?:really|about|pretty much|probably|honestly))? (?:(?:the|my|our|her|"
    r"his) (?:only|best|one) "
    r"(?:times?|days?|slots?|window|chance|option|one|free)\b|when (?:i|we|my|our|the|she|he|they|someone|"
    r"somebody)\b[^.?!,]*"
    r"\b(?:home|free|available|here|there|in|off|can|could|able|around)\b)"
)
_ONLY_TIME = re.compile(
    r"\b(?:only|best) (?:times?|days?|slots?|window|option|one)\b[^.?!,;]{0,30}\b(?:is|are|would be|'s|being)\W*"
    r"(?:(?:on|at|this|next|the|from|between|around|after|before)\W+)*$"
)


_WOULD_SUIT = re.compile(
    r"^\W*(?:works|suits)\b(?! (?:nights|late|from))|"
    r"^\W*(?:would|will|'d) (?:be |really |also |suit |work )*(?:good|great|fine|ok|okay|best|"
    r"perfect|ideal|better|me|suit|work)\b"
)


def _is_free_then(a: Around) -> bool:
    return bool(_FREE_THEN.match(a.right) or _ONLY_TIME.search(a.near) or _WOULD_SUIT.match(a.right))


def _is_the_exception(a: Around) -> bool:
    but = r"^\W*(?:but|except|excluding|besides|just not|anything but)(?: not)?(?: on)?(?: the)?\s*$"
    follows = a.left != a.near and not a.after_excluded and not suits(a.right)
    return follows and re.match(but, a.near) is not None and not _bounded(a.mention)


def suits(right: str) -> bool:
    """Say whether what follows a time says that it suits."""
    good = (
        r"^\W*(?:would|works|is|will) (?:\w+ ){0,2}(?:best|better|good|great|fine|ok|okay|ideal|perfect|work|"
        r"suit|do|me)\b"
    )
    free = (
        r"^\W*(?:i'm|i am|we're|we are|i|we|i'll be|someone's|someone is) "
        r"(?:home|free|off|around|available|can(?! not)\b|could)\b"
    )
    return bool(PREFER_RIGHT.match(right) or re.match(good, right) or re.match(free, right))


def _is_excluded(a: Around) -> bool:
    if IF_CANNOT.search(a.near):
        return False
    left_out = EXCLUDED_LEFT.search(a.near) is not None and not _bounded(a.mention)
    left_out = left_out and not (a.mention.not_part and re.search(r"\bany ?(?:time|thing) but\W*$", a.near))
    return left_out or EXCLUDED_RIGHT.match(a.right) is not None


def _stands_already(a: Around) -> bool:
    if IF_CANNOT.search(a.near):
        return False
    if STILL_ON.match(a.right) or re.search(r"\b(?:was|were) (?:for |on |at )?$", a.near):
        return True
    mine = EXISTING_LEFT.search(a.left) and not re.search(r"\binstead\b", a.right[:25]) and not _asks_again(a.left)
    return bool(PROMISED.search(a.left) or mine or (MY_LEFT.search(a.near) and EXISTING_RIGHT.match(a.right)))


def _is_bettered(a: Around) -> bool:
    """Tell "anything sooner than April 3" from "earlier than 3"."""
    return (
        a.mention.day is not None
        and re.search(
            r"\b(?:sooner|earlier|quicker|"
            r"before) than\s*$",
            a.left,
        )
        is not None
    )


def _is_moved_later(a: Around) -> bool:
    """Tell Monday in "Monday at 9, please move to Wednesday"."""
    moves = re.search(
        rf"^[^.?!]*\b{MOVE}(?: (?:it|that|this|him|her|them|us|me))?(?: back| up|"
        rf" over)? to\W*$",
        a.right,
    )
    return moves is not None and not REQUESTS.search(a.clause)


def _is_cancelled(a: Around) -> bool:
    again = (
        r"\b(?:book (?:me|us|him|her)|rebook|resched|move|instead|another|new time|rather|how about|can (?:i|"
        r"we|you)|could)"
    )
    return re.search(r"\bcancel\b", a.whole) is not None and re.search(again, a.whole) is None


def _is_moved_from(a: Around) -> bool:
    own = a.mention.words.endswith("'s") or "'s " in a.mention.words
    if own and (EXISTING_RIGHT.match(a.right) or re.search(rf"\b{MOVE}\W*$", a.near)):
        return True
    goes_on = re.search(r"\b(?:to|for|until|instead)\b|^\W*$", a.right) and not re.search(r"\b(?:to|for)\s*$", a.near)
    return bool(FROM.search(a.left) and goes_on)


def _is_event(a: Around) -> bool:
    if a.mention.special is not None:
        return False
    if HABIT.search(a.clause) and not REQUESTS.search(a.clause):
        return True
    if STAYS_UNTIL.search(a.left) or (OWN_DOINGS.match(a.right) and not REQUESTS.search(a.clause)):
        return True
    if OF_IT.search(a.near) and (a.event_before or "appointment" in a.before):
        return True
    at_home = AT_HOME.search(a.near) is not None and not any(one.kind == "at" for one in a.mention.limits)
    if at_home:
        a = replace(a, near=AT_HOME.sub(" ", a.near), left=AT_HOME.sub(" ", a.left))
    happens = EVENT.search(a.here) is not None and not REQUESTS.search(a.clause)
    if OTHERS_DO.search(f"{a.clause}{a.mention.words}") and not re.search(
        r"\b(?:can|could|please|will) (?:you|someone|somebody|u)\b", a.clause
    ):
        return True
    happens = happens or _goes_before(a)
    must = MUST_DO.search(a.near) is not None and not re.search(r"\b(?:you|u|someone|somebody)\b", a.clause)
    return happens or must or EVENT_BEFORE.search(a.near) is not None


def _goes_before(a: Around) -> bool:
    """Tell an event whose time stands after a comma or an address: "closing on 18 Beacon St, Somerville, Monday"."""
    pieces = re.split(r"[,;]", a.near)
    for last, piece in zip(reversed(pieces[1:]), reversed(pieces[:-1]), strict=True):
        if "\x00" not in last and not re.fullmatch(r"\W*(?:is|was|it's)?\W*(?:on|at|for|set for)?\W*", last):
            return False
        if EVENT.search(piece) is not None and not REQUESTS.search(piece):
            return True
    return False


#: "need it sorted by Friday", "want the sink fixed": what is to be done, not what was.
_WANTED = re.compile(
    r"\b(?:need|needs|want|wants|get|getting|have|like|love|prefer|needing|wanting)\b(?: (?:it|that|this|them|him|"
    r"her|one|someone|"
    r"(?:my|the|our|his|a|an) (?:\w+ )?\w+))?(?: (?:all|to be|be|both))* ?\w*$"
)


def _is_past(a: Around) -> bool:
    if a.mention.special is not None or not _may_be_past(a.mention):
        return False
    verbs = [verb for verb in HADS.finditer(a.clause) if not _WANTED.search(a.clause[: verb.start()] + verb.group())]
    if verbs and not a.mention.limits and not REQUESTS.search(_without_had(a.clause[verbs[-1].end() :])):
        return True
    return HADS.search(a.here) is not None and not REQUESTS.search(_without_had(a.here))


def _is_state(a: Around) -> bool:
    """Tell "gas smell in the kitchen today" from "today, please"."""
    now = a.mention.special is None and _is_now_state(a.mention)
    return now and not REQUESTS.search(a.whole) and len(re.findall(r"\w+", a.whole)) > 5


def _is_unneeded(a: Around) -> bool:
    return a.mention.special is not None and _special_role(a.whole, a.left, a.here, a.clause) is not Role.ASKED


#: In this order; the first that holds decides.
_ROLE_RULES: tuple[tuple[Callable[[Around], bool], Role], ...] = (
    (_event_moves, Role.EVENT),
    (_is_of_yesterday, Role.PAST),
    (_was_moved, Role.EXISTING),
    (_moves_here, Role.ASKED),
    (_is_free_then, Role.ASKED),
    (_is_the_exception, Role.EXCLUDED),
    (_is_excluded, Role.EXCLUDED),
    (_is_bettered, Role.EXISTING),
    (_is_moved_later, Role.EXISTING),
    (_stands_already, Role.EXISTING),
    (_is_cancelled, Role.EXISTING),
    (_is_moved_from, Role.EXISTING),
    (_is_event, Role.EVENT),
    (_is_unneeded, Role.PAST),
    (_is_past, Role.PAST),
    (_is_state, Role.PAST),
)


def _bounded(mention: Mention) -> bool:
    return any(limit.kind in ("after", "before") for limit in mention.limits)


def _asks_again(left: str) -> bool:
    """Say whether, after the existing appointment, the same sentence goes on to ask for another time."""
    tail = re.split(r"\b(?:but|and|so|n|then|pero|y)\b|[,;&+]", left)[-1]
    return bool(
        re.search(
            r"\b(?:can|could|need|want|would|any|available|prefer|how about|do you have|please|"
            r"(?:put|book|give|get|squeeze|fit|slot) (?:me|us|him|her|them)|puede\w*|podr[ií]a\w*|quiero)\b",
            tail,
        )
    ) and not re.search(r"\b(?:cancel|confirm|miss|make|off the|off your)\b", tail)


def _without_had(here: str) -> str:
    return re.sub(
        r"\b(?:called|got back|came home|best|home|here|work|works|start|free|"
        r"at (?:the )?(?:pick|drop)[- ]?(?:up|off))\b",
        " ",
        here,
    )


def _may_be_past(mention: Mention) -> bool:
    return mention.day is None or (mention.day[0] not in ("numeric", "date") and mention.day != ("offset", 1))


def _is_now_state(mention: Mention) -> bool:
    return (mention.day == ("offset", 0) or mention.this) and not mention.limits


def _special_role(whole: str, left: str, here: str, clause: str) -> Role:
    if re.search(
        (
            r"\b(?:no need|not|don't need|doesn't have to be|doesn't need to be|no rush|isn't|not needed|"
            r"needn't)\b(?:\s+(?:to|it|be|a|come|anyone|someone|here|out|call|fixed|done|super|need))*\s*$"
        ),
        clause,
    ):
        return Role.EXCLUDED
    word = whole[len(left) :].lstrip("\x00")
    if re.match(r"(?:right now|rn|now|ahora\b(?! mismo))", word):
        asks = re.search(
            (
                r"\b(?:need|call|come|send|please|pls|plz|help|can (?:you|someone|u|anyone|i|we)|want|"
                r"get (?:someone|somebody)|available|llame\w*|vengan|necesito)\b"
            ),
            here,
        )
        state = re.search(
            (
                r"\b(?:is|are|isn't|it's|there's|i'm|im|we're|at work|driving|can't talk|cannot talk|not working|"
                r"leaking|pouring|flooding|have|has|no heat)\b"
            ),
            clause,
        )
        alone = not state and len(re.findall(r"[\w']+", whole.replace("\x00", " "))) <= 2
        return (
            Role.ASKED
            if alone or (asks and not (state and not re.search(r"\bneed|come|send|call|help\b", clause)))
            else Role.PAST
        )
    if HADS.search(clause) and not REQUESTS.search(_without_had(clause)) and len(clause.split()) > 2:
        return Role.PAST
    return Role.ASKED


def role_of(around: Around) -> Role:
    """Return the role of the first rule that holds; what no rule claims is asked for."""
    return next((role for holds, role in _ROLE_RULES if holds(around)), Role.ASKED)
