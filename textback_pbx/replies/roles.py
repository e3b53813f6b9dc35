"""What a mention of time is to its writer: asked for, kept from before, past, an event, excluded; pure.

Each rule reads the clause around the mention. What is asked for after all ("can we move it to Thursday") wins over
what stood before ("I have Tuesday at 3").
"""

import re
from collections.abc import Sequence

from textback_pbx.replies.mentions import Mention, Role
from textback_pbx.replies.plain import blank, sentences

_REQUEST = (
    r"\b(?:can|could|cud|would|will|please|pls|plz|need|needs|want|wants|wanna|like to|looking|hoping|"
    r"hope to|call|ring|phone|text me|come|send|"
    r"book|schedule|available|availability|free|works?|opening|openings|slot|fit|squeeze|see|visit|"
    r"possible|prefer\w*|how about|what about|let's|"
    r"reschedul\w*|move|drop|bring|home|here|reach|talk|speak|get (?:me|him|her|us|in|someone|"
    r"somebody)|best|ideally|any ?time|swing|stop by|pop|"
    r"any chance|do you have|have you got|u have|got any|try me|give me|puede\w*|pueden|podr[ií]a\w*|"
    r"necesito|quiero|quisiera|llam\w*|ven\w*|venir|"
    r"cita|por favor|bring (?:him|her|them)|in for|set (?:me|us) up|pencil|put me|get back|callback|"
    r"pick up|meet|start|do it|asap|ok for|good for|is good|is fine|is ok|suits?|free)\b"
)
_REQUESTS = re.compile(_REQUEST)
_CALL = re.compile(
    r"\b(?:call|calls|ring|phone|callback|call-back|call back|reach|speak|talk|give me a (?:call|ring|"
    r"shout|buzz|bell)|buzz|llam\w*|tel[eé]fono|text me|get back to|hear (?:back|from)|contact|"
    r"return my call|pick up (?:the|my) phone|answer (?:the|my) phone)\b"
)
_VISIT = re.compile(
    r"\b(?:come|visit|appointment|appt|apt|book|fit|see|stop by|swing|schedul\w*|send|bring|drop|fix|"
    r"install|repair|look at|inspect|clean(?:ed|ing)|service|venir|cita|reschedul\w*|move|slot|"
    r"opening|in for|come out|get (?:me|us|him|her) in)\b"
)
_MOVE = (
    r"(?:mov\w*|reschedul\w*|chang\w*|switch\w*|push\w*|bump\w*|swap\w*|shift\w*|rebook\w*|"
    r"re-?schedule|bring|cambiar\w*|mover\w*|transfer|postpone|delay|slide)"
)
_TO = re.compile(
    rf"\b{_MOVE}\b[^.?!]*\b(?:to|for|until|till|forward to|back to|a|al|para)\s*(?:the |el |las? |"
    r"around |about |something |sometime |like )*(?:on |at |after |before |between )?$"
)
_FROM = re.compile(rf"\b{_MOVE}\b[^.?!]*?\b(?:from|my|our|the|her|his|their)\b(?:(?!\bto\b|\bfor\b|\buntil\b)[^.?!])*$")
_MINE = r"(?:my|our|the|her|his|their|existing|current|that|this|mi)"
_THING = (
    r"(?:appointment|appt|apt|cleaning|check-?up|visit|booking|slot|reservation|haircut|cut|color|"
    r"consult\w*|session|estimate|service|repair|hearing|court date|install\w*|groom\w*|filling|crown|"
    r"tune-?up|job|one|fitting|cita|spot|time)"
)
_EXISTING_LEFT = re.compile(
    rf"\b{_MINE}\s+(?:(?!needs?\b|wants?\b|an?\b|for\b|to\b|in\b|is\b|"
    rf"due\b)\w+\s+){{0,3}}{_THING}\b(?:(?!\b(?:can|could|need|want|please|instead|to move|reschedule|"
    r"for a|another|new)\b)[^.?!])*$"
    r"|\b(?:i|we|she|he|they|i'm|we're|im|dog|cat|kid|daughter|son)\s*(?:am|is|are|have|'ve|'ve got|"
    r"has|had|was|were|'m|'re|got)?\s*(?:already |currently |still )?(?:booked|scheduled|down|set|"
    r"supposed|due|on the (?:books|calendar|schedule)|confirmed|slated|penciled)\b(?:(?!\b(?:can|"
    r"could|need|want|please)\b)[^.?!])*$"
    r"|\b(?:is|are|was|were|'s|'re) (?:already |still |currently )?(?:scheduled|booked|confirmed|"
    r"supposed|expected|slated|due|set)\b(?:(?!\b(?:can|could|need|want|please)\b)[^.?!])*$"
    r"|\b(?<!can )(?<!could )(?<!do you )(?<!you )(?<!may )(?:have|has|had|got|tengo|"
    rf"tenemos)\s+(?:an?|una|one)\s+(?:\w+\s+){{0,3}}{_THING}\b(?:(?!\b(?:can|could|need|want|"
    r"please)\b)[^.?!])*$"
    r"|\b(?:thought|said|told me|expecting|expected)\b[^.?!]{0,12}\b(?:you|he|she|they|someone|"
    r"somebody|anyone|a tech)\b[^.?!]*$"
    r"|\b(?:confirm\w*|cancel\w*|miss(?:ed)?|missing|remind\w*|coming in|supposed to|can't make|"
    r"cannot make|cant make|won't make|can't keep)\b(?:(?!\b(?:can you|could|need|want|please|but|"
    r"instead|to)\b)[^.?!,])*$"
)
_PROMISED = re.compile(
    r"\b(?:was|were|been) (?:told|promised|quoted)\b[^.?!]*$|\b(?:thought|said|told me|expecting|"
    r"expected)\b[^.?!]{0,12}\b(?:you|he|she|they|someone|somebody|anyone|a tech)\b[^.?!,]*$"
)
_EXISTING_RIGHT = re.compile(
    rf"^(?:'s)?\s*(?:\w+\s+)?{_THING}\b(?!\s*(?:available|open\b|free|left|if|would|works|please|\?))"
)
_MY_LEFT = re.compile(r"\b(?:my|our|her|his|their|the|mi)\s*(?:\w+\s+){0,2}$")
_HAD = (
    r"\b(?:was|were|had|came|called|went|started|stopped|died|broke|quit|happened|noticed|woke|found|"
    r"fell|left|got|saw|did|put|installed|fixed|cracked|chipped|lost|burst|flooded|tried|rang|missed|"
    r"texted|spoke|talked|heard|bought|moved|paid|told|said|began|gave|took|knocked|slipped|hit|"
    r"arrested|been|fired|served|received|died|passed|backed|overflowed|tripped|blew|ate|swallowed|"
    r"bit|hurt|kicked|turned|shut|clogged|leaked|arrived|signed|rented|ended|kept|made|let go|woken|"
    r"pulled|picked|se rompi[oó]|empez[oó]|llam[eé])\b"
)
_HADS = re.compile(_HAD)
_STATE = re.compile(
    r"\b(?:is|are|isn't|it's|has|have|there's|theres|keeps?|i'm|im|no|not|won't|stuck|can't|still|"
    r"water|leaking|out|sin|hay|est[aá])\b"
)
_EVENT = re.compile(
    r"\b(?:wedding|close on|party|prom|quincea[nñ]era|flight|fly(?:ing)?|closing|closes|trial|court|"
    r"hearing|arraign\w*|deposition|mediation|guests?|family (?:is )?coming|in-?laws|birthday|"
    r"graduation|"
    r"funeral|interview|photo ?shoot|pictures?|vacation|holiday|trip|travel\w*|moving (?:in|out)|"
    r"move (?:in|out)|move-?in|inspector|inspection is|event|gala|recital|rehearsal|expires?|deadline|"
    r"due|evict\w*|lockout|surgery|exam|ceremony|homecoming|boda|vuelo|"
    r"corte|juicio|reunion|tenants? (?:move|moving)|leave town|leaving|we leave|i leave|sentencing|"
    r"statute|answer is due|landlord|sheriff|lease (?:is up|ends|starts)|conference|(?:have|got|at|in|"
    r"my|a) (?:a )?(?:meeting|shift|school|class|work)|thanksgiving|freeze|storm|(?:get|gets|getting|"
    r"got|is|am|are|be)\s(?:home|off|out|back)|out of (?:school|work)|off work|(?:get|gets) (?:him|"
    r"her|them) from school)\b"
)
#: An event, or something the writer has to do, right before its time.
_EVENT_BEFORE = re.compile(
    rf"(?:{_EVENT.pattern}|\b(?:respond|answer|appear|vacate|be out|move out|pay|file)\b)(?:\s+(?:is|"
    r"was|are|on|at|this|coming up|scheduled|set|date|for|next|by|before|in|of|it|the|a|moved))*\W*$"
)
_EXCLUDED_LEFT = re.compile(
    r"\b(?:not|can't|cannot|cant|won't|wont|except|besides|but not|anything but|any(?: ?day| ?time|"
    r"thing) but|other than|everything but|no puedo|excepto|menos|never|instead of|rather than|avoid|"
    r"unavailable|busy|don't|isn't|i work|at work|out of town|away|gone|tied up|not free|"
    r"not available|not around|unable|skip)"
    r"(?:\s+(?:do|make(?: it)?|come|be (?:here|home|there|available)|home|there|here|in|on|at|the|el|"
    r"a|los|get there|this|any|every|really|until|til|till|work|able to|all|with|for))*\s*$"
)
_EXCLUDED_RIGHT = re.compile(
    r"^[\s,]*(?:at \d+\s*)?(?:morning |afternoon )?(?:really |just |unfortunately )?(?:doesn't|"
    r"does not|doesnt|don't|dont|do not|won't|wont|will not|isn't|is not|isnt|are not|aren't|is no|"
    r"are no|is out|are out|is bad|are bad|isn t|no longer works?|is full|i can't|i cannot|i cant|"
    r"i'm busy|i am busy|im busy|i work|i'm out|i'm away|is impossible|conflicts)\b"
)
_HOURS = re.compile(
    r"\b(?:are|r|is|will|were)\s+(?:you|u|y'?all|ya|the (?:shop|office|clinic|store|salon|place)|"
    r"you guys|you all|anyone|anybody|somebody)\s+(?:guys )?(?:still |even )?(?:open|closed|there|"
    r"closing)\b|"
    r"\b(?:what|which|when|how late|how early|until what|till what|till when|"
    r"until when)\b[^.?!]*\b(?:hours|open|close|closed|closing|opening)\b|\b(?:you|u|y'all|"
    r"guys)\s+(?:guys )?(?:open|close|closed|work|do you do)\s+(?:on |at )?(?:late |"
    r"early )?(?:the )?(?:sat|sun|week|mon|tue|wed|thu|fri|hol|even|thanksgiving|\d)|"
    r"\b(?:your|office|business|opening|store|holiday|saturday|sunday|weekend) hours\b|\bopen (?:on |"
    r"till |until |til )?(?:saturdays?|sundays?|weekends?|late|tomorrow|today|tonight|now|right now|"
    r"mon\w*|fri\w*)\s*\?|\b(?:do|does) (?:you|u|y'all|the \w+) (?:guys )?(?:open|close|take lunch|"
    r"have (?:evening|weekend|saturday|sunday|late|morning|after) (?:hours|appointments))\b|"
    r"\bdo (?:you|u) (?:guys )?do (?:sat|sun|week|even)\w*|\bhorario\b|\bwe(?:'re| are) open\b|"
    r"\babren\b|\bcierran\b"
)
_ARRIVAL = re.compile(
    r"\b(?:running|gonna be|going to be|will be|be|i'm|im|we're|few|bit|about|little|be a|min|mins|"
    r"minutes|hour)\b[^.?!]{0,22}\b(?:late|behind)\b|\bon (?:my|our|the) way\b|\bomw\b|"
    r"(?<!can )(?<!could )\bbe there (?:in|at|by|around|about|soon|within)\b|\b(?:i'm|im|we're|i am|"
    r"we are) (?:here|outside|in the (?:parking )?lot|pulling up|parked|stuck in traffic)\b|\beta\b|"
    r"\b(?:see (?:you|u|ya)|ttyl|talk to you)\b[^.?!]{0,6}\b(?:then|soon|later|at|tomorrow|mon\w*|"
    r"tue\w*|wed\w*|thu\w*|fri\w*|sat\w*)"
)
_PREFER_LEFT = re.compile(
    r"\b(?:actually|make (?:it|that)|scratch that|i meant?|correction|no wait|"
    r"second thought)\b\W*(?:\w+\W+){0,2}$|\b(?:prefer\w*|ideally|best|first choice|rather|"
    r"preferabl[ey]|better|prefiero|mejor|favou?rite|would love|if i had to pick|top choice|"
    r"hopefully)(?:\W+(?:would be|is|be|on|the|for|have|do|a|it|time|would|to|come|see|get|in|"
    r"choice))*\W*$"
)
_PREFER_RIGHT = re.compile(
    r"^\W*(?:(?:at|morning|afternoon|around)\s)?(?:\w+\s)?(?:(?:is|would be|are|being|works|work|"
    r"es)\s+(?:\w+\s)?(?:best|better|ideal|preferred|preferable|perfect|mejor)|preferred|preferably|"
    r"if (?:at all )?possible|is my (?:first|top)|best|better|ideally|first choice)\b"
)
_OTHERWISE = re.compile(
    r"\b(?:otherwise|or else|if not|failing that|second choice|backup|back-up|worst case|at worst|"
    r"as a backup|then)\b\W*(?:\w+\W+){0,2}$"
)


def without_questions(text: str) -> str:
    """Blank out the statements that ask for opening hours, or tell of an arrival."""
    for start, end in sentences(text):
        piece = text[start:end]
        asks = _HOURS.search(
            re.sub(
                r"(?:right|as soon as|soon as|just|once) (?:when |as )?you(?: guys)? (?:first )?open|when you open",
                " ",
                piece,
            )
        )
        arrives = _ARRIVAL.search(piece)
        if (asks and not re.search(r"\b(?:open(?:ing)? (?:slot|for me|in your|spot)|call me|come)\b", piece)) or (
            arrives and not re.search(r"\b(?:move|resched\w*|instead|can (?:we|i|you)|call me|push)\b", piece)
        ):
            text = blank(text, start, end)
    return text


def assign(text: str, found: Sequence[Mention]) -> None:
    """Give every mention its role, its action (call or visit) and whether it is preferred."""
    bounds = [*sentences(text), (len(text), len(text))]
    for index, mention in enumerate(found):
        mention.words = text[mention.start : mention.end]
        start, end = bounds[min(mention.sentence, len(bounds) - 1)]
        floor = max([start, *(m.end for m in found[:index] if m.sentence == mention.sentence)])
        ceiling = min([end, *(m.start for m in found[index + 1 :] if m.sentence == mention.sentence)])
        left, right = text[start : mention.start], text[mention.end : ceiling]
        near = text[floor : mention.start]
        before = found[index - 1] if index and found[index - 1].sentence == mention.sentence else None
        excluded = before is not None and before.role is Role.EXCLUDED
        mention.role = _role(mention, left, right, near, text[start:end], after_excluded=excluded)
        mention.action = _action(near, right, text[start:end])
        if before is not None and not mention.action and len(near) < 25:
            mention.action = before.action
        own_right = re.split(r"[,;]|\bor\b", right)[0] if not _PREFER_RIGHT.match(right) else right
        mention.preferred = bool(_PREFER_LEFT.search(text[floor : mention.start]) or _PREFER_RIGHT.match(own_right))
        if _OTHERWISE.search(text[floor : mention.start]):
            mention.preferred = False


def _role(mention: Mention, left: str, right: str, near: str, whole: str, *, after_excluded: bool) -> Role:
    clause = re.split(r"[,;]|\b(?:but|so|because|cause|since|cuz)\b", near)[-1]
    after = re.split(r"[,;]|\b(?:but|so|and|because|cause|can|could|please)\b", right)[0]
    if re.match(r"^\W*(?:instead|rather)\b", right):
        return Role.ASKED
    if _TO.search(left):
        return Role.ASKED
    if (
        left != near
        and not after_excluded
        and re.match(r"^\W*(?:but|except|excluding|besides|just not|anything but)(?: not)?(?: on)?(?: the)?\s*$", near)
        and not _bounded(mention)
    ):
        return Role.EXCLUDED
    if _EXCLUDED_RIGHT.match(right) or (_EXCLUDED_LEFT.search(near) and not _bounded(mention)):
        return Role.EXCLUDED
    if _PROMISED.search(left):
        return Role.EXISTING
    if _EXISTING_LEFT.search(left) and not re.search(r"\binstead\b", right[:25]) and not _asks_again(left):
        return Role.EXISTING
    if _MY_LEFT.search(near) and _EXISTING_RIGHT.match(right):
        return Role.EXISTING
    own = mention.words.endswith("'s") or "'s " in mention.words
    if own and (_EXISTING_RIGHT.match(right) or re.search(rf"\b{_MOVE}\W*$", near)):
        return Role.EXISTING
    if (
        _FROM.search(left)
        and re.search(r"\b(?:to|for|until|instead)\b|^\W*$", right)
        and not re.search(r"\b(?:to|for)\s*$", near)
    ):
        return Role.EXISTING
    here = clause + " \x00 " + after
    if mention.special is None and _EVENT.search(here) and not _REQUESTS.search(clause.split("\x00")[-1]):
        return Role.EVENT
    if mention.special is None and _EVENT_BEFORE.search(near):
        return Role.EVENT
    if mention.special is not None:
        return _special_role(whole, left, here, clause)
    verbs = list(_HADS.finditer(clause))
    if (
        _may_be_past(mention)
        and verbs
        and not mention.limits
        and not _REQUESTS.search(_without_had(clause[verbs[-1].end() :]))
    ):
        return Role.PAST
    if _may_be_past(mention) and _HADS.search(here) and not _REQUESTS.search(_without_had(here)):
        return Role.PAST
    if _is_now_state(mention) and not _REQUESTS.search(whole) and len(re.findall(r"\w+", whole)) > 5:
        return Role.PAST
    return Role.ASKED


def _bounded(mention: Mention) -> bool:
    return any(limit.kind in ("after", "before") for limit in mention.limits)


def _asks_again(left: str) -> bool:
    """Say whether, after the existing appointment, the same sentence goes on to ask for another time."""
    tail = re.split(r"\b(?:but|and|so)\b|,", left)[-1]
    return bool(
        re.search(r"\b(?:can|could|need|want|would|any|available|prefer|how about|do you have|please)\b", tail)
    ) and not re.search(r"\b(?:cancel|confirm|miss|make)\b", tail)


def _without_had(here: str) -> str:
    return re.sub(r"\b(?:called|got back|came home|best|home|here|work|works|start|free)\b", " ", here)


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
        alone = not state and len(re.findall(r"[\w']+", whole.replace("\x00", " "))) <= 3
        return (
            Role.ASKED
            if alone or (asks and not (state and not re.search(r"\bneed|come|send|call|help\b", clause)))
            else Role.PAST
        )
    if _HADS.search(clause) and not _REQUESTS.search(_without_had(clause)) and len(clause.split()) > 2:
        return Role.PAST
    return Role.ASKED


def _action(near: str, right: str, whole: str) -> str:
    clause = re.split(r"[;]", near)[-1]
    after = re.split(r"[,;]|\b(?:and|but|or)\b", right)[0]
    calls = [m.end() for m in _CALL.finditer(clause)]
    visits = [m.end() for m in _VISIT.finditer(clause)]
    if calls or visits:
        return "call" if max(calls, default=-1) > max(visits, default=-1) else "visit"
    if _CALL.search(after):
        return "call"
    if _VISIT.search(after):
        return "visit"
    del whole
    return ""
