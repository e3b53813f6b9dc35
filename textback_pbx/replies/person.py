"""Who writes: the name as written; pure.

A name is taken only from words that give one ("this is ...", "my name is ...", a signature); pets, staff,
neighbours, children and former lawyers are others.
"""

import re
from collections.abc import Sequence
from functools import cache

from textback_pbx.consent.grammar import read_language
from textback_pbx.replies.lexicon import load
from textback_pbx.replies.plain import Found, plain

_PARTICLE = r"(?:de la |de los |van der |van |von |de |del |da |di |la |le |st\. |o'|mc|al-)?"
_WORD = r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’-]*(?:[A-Z][a-zà-öø-ÿ]+)?(?:(?<=Jr)\.|(?<=Sr)\.)?"
_CAP = rf"(?:(?:[A-Z]\.){{1,3}}|{_PARTICLE}{_WORD})"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Mx)\.? )?"
_NAME = rf"(?P<name>{_TITLE}{_CAP}(?:[ ](?!And\b|From\b|At\b|Here\b|Calling\b|With\b|On\b|In\b){_CAP}){{0,3}})"
_LOWER = r"(?P<low>[a-z][a-z'-]+(?: [a-z][a-z'-]+)?)"
_GIVES = (
    r"(?:[Tt]his is|[Mm]y name is|[Mm]y name's|[Nn]ame is|[Nn]ame:|[Nn]ame's|[Nn]ame -|THIS IS|"
    r"MY NAME IS|[Ii]t['’]s|[Ii]ts|[Ii]t is|I am|I['’]m|[Ii]m|[Mm]e llamo|[Mm]i nombre es|[Ss]oy|"
    r"[Hh]abla|[Uu]nder(?: the name)?|[Ff]or the name|[Bb]ooked under|[Aa]ppointment (?:is )?under|"
    r"[Ll]ast name(?: is)?|[Nn]ame|[Pp]atient(?:['’]s name)?(?: is|:)|[Cc]lient(?: is|:)|[Cc]ustomer(?: is|:)|"
    r"[Cc]ontact(?: is|:)|[Nn]ame on (?:the )?(?:account|file|appointment|booking)(?: is|:)|"
    r"[Aa]sk for|[Ss]igned,?|[Yy]ou can call me|[Cc]all me|[Jj]e m'appelle|[Tt]his here is|"
    r"[Mm]y full name is|[Ff]ull name:?)"
)
#: "Regular customer here, Lou with the old lab".
_CUSTOMER_HERE = re.compile(
    rf"\b(?:[Cc]ustomer|[Cc]lient|[Pp]atient|[Mm]ember) here,? {_NAME}(?= (?:with|from|and)\b|[.,!?\n]|$)"
)
_GIVEN = re.compile(rf"\b{_GIVES}[ ]+(?:the )?{_NAME}(?![a-z])")
_HERE = re.compile(
    rf"(?:^|[.!?,\n]\s*|\b[Hh](?:i|ello|ey)[,!]?\s+){_NAME}(?: (?:here|speaking|HERE)\b)(?! (?:in|at|is|for|was))"
)
_HERE_LOW = re.compile(
    r"(?:^|[.!?,\n]\s*|\bh(?:i|ello|ey)[,!]?\s+(?:its |"
    r"it's )?)(?P<low>[a-z][a-z'-]+(?: [a-z][a-z'-]+)?) here\b(?= *[,.!\n-]|$| again| from)"
)
_SIGNED = re.compile(
    r"(?:(?<=\n)|(?<=[.!?] )|(?<=[.!?]  )|(?<=- )|(?<=-)|(?<=— )|(?<=–)|(?<=– )|(?<=—)|(?<=~)|(?<=, )|"
    r"(?<=[Tt]hanks )|(?<=[Tt]hank you )|(?<=[Tt]hx )|(?<=[Cc]heers )|"
    r"(?<=/)|(?<= x ))(?:[Tt]hanks?(?: you)?(?: so much| in advance| again)?[,!.]*\s+|[Tt]hx[,!.]*\s+|"
    r"[Cc]heers[,!.]*\s+|[Rr]egards[,!.]*\s+|[Bb]est[,!.]*\s+|[Ss]incerely[,!.]*\s+|"
    rf"[Gg]racias[,!.]*\s+|TIA[,!.]*\s+)?[-–—~]?\s*{_NAME}\s?[.!,]?(?: x{{1,4}}| xo(?:xo)?)?"
    r"\s*(?:\(?\+?[\d][\d ().-]{6,})?\s*$"
)
#: "Hi, Gurpreet again!"
_AGAIN = re.compile(rf"(?:^|[Hh](?:i|ello|ey)[,!]? )(?:[Ii]t['’]?s )?{_NAME} (?:here )?again[!.,]")
#: "Carrier from 2011", "Rheem from the garage": a thing, not a person.
_THING_FROM = r" (?:an? |(?:19|20)\d\d\b|(?:the|our|my) (?:garage|basement|attic|kitchen|wall|ceiling|roof|closet))"
_FROM = re.compile(
    r"(?:^|[.!?\n]\s*)(?:[Hh](?:i|ello|ey)(?: there)?[,!]?\s+(?:[Ii]t['’]?s |"
    rf"[Tt]his is )?{_NAME},? (?:from|over at|at|on|with|calling|again)\b(?!{_THING_FROM})|"
    rf"{_NAME.replace('name', 'name2')},? (?:from|over at|again from)\b(?!{_THING_FROM}))(?= )"
)
_LOW_GIVEN = re.compile(
    r"\b(?:my name is|my name's|name is|this is|name:|me llamo|"
    r"mi nombre es)\s+(?P<low>[a-z][a-z'-]+(?: [a-z][a-z'-]+)?)(?= *(?:[,.!?\n-]|$|and |from |i |i'm |"
    r"we |at |calling|here|with|over |on |\d))"
)
_NOT_NAMES: frozenset[str] = frozenset(load("not_names")["words"].split())
_GREETINGS = frozenset({"thx", "thanks", "cheers", "ta", "hi", "hello", "hey", "hola", "morning", "hiya"})
_OTHER_PERSON = re.compile(
    r"\b(?:my|our|the|his|her)\s+(?:(?:old|former|previous|ex|new|little|older|younger|elderly|senior|"
    r"small|big|sweet|two|regular)\s+)*(?:dog|cat|pup|puppy|pet|kitten|son|daughter|kid|child|baby|"
    r"neighbou?r|friend|boss|tech|technician|stylist|hygienist|dentist|lawyer|attorney|paralegal|"
    r"groomer|receptionist|plumber|tenant|landlord|brother|sister|cousin|dr|doctor|girl|boy|doodle|"
    r"poodle|lab|shih tzu|golden|yorkie|terrier|husky|shepherd|retriever|goldendoodle|ex|ex-husband|"
    r"ex-wife|husband|wife|boyfriend|girlfriend|partner|agent|realtor|adjuster|judge|officer|"
    r"manager)(?:'s)?\s+(?:name\s+)?(?:is\s+|was\s+|named\s+|called\s+)?(?:\w+\s+)?$|"
    r"\b(?:his|her|its|their|dog's|cat's|pup's|puppy's|pet's|son's|daughter's|kid's|baby's|boss's|"
    r"neighbor's)\s+name(?:\s+is)?\s*$|\b[a-z]+'s\s+name(?:\s+is)?\s*$|\bnamed\s*$|\bask(?:ed)? for\s*$"
)

#: "Margaret Hollis, 77 Chestnut Street" at the end of a text, or of a line.
_ADDRESSED = re.compile(
    rf"(?:^|(?<=[.!?] )|(?<=\n)|(?<=Thanks, )|(?<=Yours, )|(?<=Cheers, )|"
    rf"(?<=Regards, )){_NAME},? (?:at )?(?=\d{{1,5}} [A-Z][a-z]+)"
)
#: "From Barb." at the beginning; "Oscar's mom, Nadia".
_POSTCODE = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z][ -]?\d[A-Z]\d|\d{5}(?:-\d{4})?)"
#: "Kev, LE3 1TB" and "Bev, flat 4, 19 Albany Road" at the end; "Cedric Bowles (Hon. Sec.)"; "Hank, been with you".
_BEFORE_PLACE = re.compile(
    rf"(?:^|(?<=[.!?] )|(?<=[.!?]  )|(?<=\n)|(?<=Thanks, )|(?<=Yours, )|(?<=Cheers, )|"
    rf"(?<=Regards, ))(?:{_NAME}(?:,? (?=(?:[Ff]lat|[Aa]pt|[Uu]nit) \d|"
    rf"\((?:[A-Z][a-z]+\.? ?)+\)|"
    rf"been (?:with|coming|a)\b)|, (?=(?:[A-Z][a-z]+ )?{_POSTCODE}\W*$))|"
    rf"(?P<name2>{_CAP}(?: {_CAP})+) (?={_POSTCODE}\W*$))"
)
_KNOWN_LOW = re.compile(r"\b(?:this is|it's|its|i'm|im|i am|name's) (?P<low>[a-z]{3,})\b(?!')")
_BEGINS = re.compile(rf"^[Ff]rom:? {_NAME}(?=[.,!\n]| -)")
_PARENT = re.compile(
    rf"(?:['’]s|\b[Hh]is|\b[Hh]er|\b[Tt]heir) (?:mom|mum|dad|owner|mother|father|wife|husband|"
    rf"daughter|son),? {_NAME}(?=[.,!?\n]|$)"
)
#: "my mother Edith, she is the client": the customer is somebody else than the writer.
_CLIENT = re.compile(
    rf"\b[Mm]y \w+ {_NAME},? (?:who |and )?(?:she|he)?(?:['’]s| is) (?:the|your) (?:client|patient|customer)\b"
)
#: "for my dad, Ken Whitlow, at 6 Beech Avenue".
_FOR_THEM = re.compile(rf"\b[Ff]or my \w+, {_NAME},? (?=at\b|who\b|\d)")
#: "Is Nguyen Van Minh." at the beginning, as one says it who learned the language late.
_BEGINS_IS = re.compile(
    rf"^(?:Is|Here is|Here) (?P<name>{_CAP}(?: {_CAP}){{1,3}})(?=[.,!\n]| (?:calling|here|"
    rf"from)\b)"
)
_SIGNED_LOW = re.compile(r"(?:(?<=\s)|(?<=[.!?]))[-~]\s?(?P<low>[a-z]{3,}(?: [a-z]{2,})?)\s*$")
#: A known given name without a capital at the very end: "after 3 works. thanks maria".
_ENDS_LOW = re.compile(
    r"(?:(?<=[.!?,\n] )|(?<=\n)|(?<=[.!?])|(?<=thanks )|(?<=thx )|(?<=thank you )|(?<=cheers )|(?<=regards ))"
    r"(?P<low>[a-z]{3,})\s?[.!,]?\s*$"
)
_GREETED = re.compile(
    r"(?:^|[.!\n] ?)(?:hi|hey|hello|good morning|good afternoon|morning)(?: there| guys| all|"
    r" y'all)?[ ,!.]*(?:it's|its|it is|i'm|im|"
    r"this is)\s+(?P<low>[a-z][a-z'-]+(?: [a-z][a-z'-]+)?)(?= *(?:[,.!\n]|$|from |here|and |calling|"
    r"at |over ))"
)


#: (expression, rule, confidence), the surest first.
_CAPITAL = (
    (_GIVEN, "given", 0.9),
    (_HERE, "here", 0.85),
    (_CUSTOMER_HERE, "here", 0.85),
    (_AGAIN, "from", 0.8),
    (_FROM, "from", 0.8),
    (_SIGNED, "signed", 0.8),
    (_ADDRESSED, "addressed", 0.75),
    (_BEFORE_PLACE, "addressed", 0.75),
    (_BEGINS, "begins", 0.8),
    (_CLIENT, "client", 0.75),
    (_FOR_THEM, "client", 0.75),
    (_BEGINS_IS, "begins", 0.75),
    (_PARENT, "given", 0.75),
)


def name_of(text: str) -> Found | None:
    """Return the writer's (or the customer's) name as written, or ``None``."""
    for pattern, rule, confidence in _CAPITAL:
        for match in pattern.finditer(text):
            key = "name" if match.group("name") else "name2"
            found = _checked(text, match.start(key), match.end(key), rule, confidence)
            if found is not None:
                return found
    return _without_capitals(text)


def _without_capitals(text: str) -> Found | None:
    """Return a name in small letters, where words give one or it is a known given name."""
    calm = plain(text)
    for pattern in (_LOW_GIVEN, _HERE_LOW, _GREETED, _SIGNED_LOW):
        for match in pattern.finditer(calm):
            words = match.group("low").split()
            if not any(word in _NOT_NAMES for word in words):
                return _checked(text, match.start("low"), match.end("low"), "given", 0.7)
    for match in _KNOWN_LOW.finditer(calm):
        if match.group("low") in _given_names() and match.group("low") not in _NOT_NAMES:
            return _checked(text, match.start("low"), match.end("low"), "given", 0.7)
    for match in _ENDS_LOW.finditer(calm):
        if match.group("low") in _given_names() and match.group("low") not in _NOT_NAMES:
            return _checked(text, match.start("low"), match.end("low"), "signed", 0.7)
    return None


@cache
def _given_names() -> frozenset[str]:
    return frozenset(read_language("names")["names"])


def _full_name(words: Sequence[str], rule: str) -> bool:
    """Whether a given name that is a word too ("Bill", "Mark") stands before a surname and an address."""
    return rule == "addressed" and len(words) > 1 and words[0].lower() in _given_names()


def _checked(text: str, start: int, end: int, rule: str, confidence: float) -> Found | None:
    words = text[start:end].split()
    while len(words) > 1 and words[0].strip(".,!").lower() in _GREETINGS:
        start = text.index(words[1], start + len(words[0]))
        words.pop(0)
    if re.search(r"['’]s$", words[-1]) if words else False:
        return None  # "Mrs. Gray's daughter"
    while words and words[-1].strip(".,!").lower() in _NOT_NAMES:
        words.pop()
    if not words or (words[0].strip(".,!").lower() in _NOT_NAMES and not _full_name(words, rule)):
        return None
    value = text[start : text.index(words[-1], start) + len(words[-1])] if len(words) == 1 else " ".join(words)
    others = rule != "client" and _OTHER_PERSON.search(plain(text[max(0, start - 60) : start]))
    if len(value.rstrip(".")) < 2 or others:
        return None
    if value.isupper() and rule == "signed" and len(value) < 4:
        return None
    if rule in ("signed", "from") and re.search(
        r"(?:\b(?:in|at|on|near|to|with|from|for|see|and|or|is|about|ask|tell|by|w)|w/)\s*$", plain(text[:start])
    ):
        return None
    if re.search(r"\b(?:Dr|Ms|Mr|Mrs)\.? $", text[:start]) or (
        rule == "signed" and re.search(r"\b[A-Z]\.\s*$", text[:start])
    ):
        return None  # the title or the initial before it belongs to it, and to somebody spoken of
    if rule in ("signed", "here", "from") and re.match(
        r"\s*(?:st|street|ave|rd|road|dr|ln|lane|blvd|court|ct)\b", plain(text[end : end + 10])
    ):
        return None
    value = value.rstrip(",!")
    value = value if re.search(r"\b[A-Z]\.$|(?:Jr|Sr)\.$", value) else value.rstrip(".")
    return Found(value, start, start + len(value), f"name.{rule}", confidence)
