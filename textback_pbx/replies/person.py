"""Who writes: the name as written, and whether the office knows him; pure.

A name is taken only from words that give one ("this is ...", "my name is ...", a signature); pets, staff,
neighbours, children and former lawyers are others. Earlier dealings make a known customer; only the writer's own
words make a new one.
"""

import re

from textback_pbx.replies.lexicon import load
from textback_pbx.replies.plain import Found, plain

_PARTICLE = r"(?:de la |de los |van der |van |von |de |del |da |di |la |le |st\. |o'|mc|al-)?"
_CAP = rf"(?:{_PARTICLE}[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’-]*(?:[A-Z][a-zà-öø-ÿ]+)?\.?|{_PARTICLE}[A-Z]\.)"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Mx)\.? )?"
_NAME = rf"(?P<name>{_TITLE}{_CAP}(?:[ ](?!And\b|From\b|At\b|Here\b|Calling\b|With\b|On\b|In\b){_CAP}){{0,3}})"
_LOWER = r"(?P<low>[a-z][a-z'-]+(?: [a-z][a-z'-]+)?)"
_GIVES = (
    r"(?:[Tt]his is|[Mm]y name is|[Mm]y name's|[Nn]ame is|[Nn]ame:|[Nn]ame's|[Nn]ame -|THIS IS|"
    r"MY NAME IS|[Ii]t['’]s|[Ii]ts|[Ii]t is|I am|I['’]m|[Ii]m|[Mm]e llamo|[Mm]i nombre es|[Ss]oy|"
    r"[Hh]abla|[Uu]nder(?: the name)?|[Ff]or the name|[Bb]ooked under|[Aa]ppointment (?:is )?under|"
    r"[Ll]ast name(?: is)?|[Pp]atient(?:['’]s name)?(?: is|:)|[Cc]lient(?: is|:)|[Cc]ustomer(?: is|:)|"
    r"[Cc]ontact(?: is|:)|[Nn]ame on (?:the )?(?:account|file|appointment|booking)(?: is|:)|"
    r"[Aa]sk for|[Ss]igned,?|[Yy]ou can call me|[Cc]all me|[Jj]e m'appelle|[Tt]his here is|"
    r"[Mm]y full name is|[Ff]ull name:?)"
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
    r"(?<=/))(?:[Tt]hanks?(?: you)?(?: so much| in advance| again)?[,!.]*\s+|[Tt]hx[,!.]*\s+|"
    r"[Cc]heers[,!.]*\s+|[Rr]egards[,!.]*\s+|[Bb]est[,!.]*\s+|[Ss]incerely[,!.]*\s+|"
    rf"[Gg]racias[,!.]*\s+|TIA[,!.]*\s+)?[-–—~]?\s*{_NAME}[.!]?\s*(?:\(?\+?[\d][\d ().-]{{6,}})?\s*$"
)
_FROM = re.compile(
    r"(?:^|[.!?\n]\s*)(?:[Hh](?:i|ello|ey)(?: there)?[,!]?\s+(?:[Ii]t['’]?s |"
    rf"[Tt]his is )?{_NAME},? (?:from|over at|at|on|with|calling|again)\b|"
    rf"{_NAME.replace('name', 'name2')},? (?:from|over at|again from)\b)(?= )"
)
_LOW_GIVEN = re.compile(
    r"\b(?:my name is|my name's|name is|this is|name:|me llamo|"
    r"mi nombre es)\s+(?P<low>[a-z][a-z'-]+(?: [a-z][a-z'-]+)?)(?= *(?:[,.!?\n-]|$|and |from |i |i'm |"
    r"we |at |calling|here|with|over |on |\d))"
)
_NOT_NAMES: frozenset[str] = frozenset(load("not_names")["words"].split())
_OTHER_PERSON = re.compile(
    r"\b(?:my|our|the|his|her)\s+(?:(?:old|former|previous|ex|new|little|older|younger|elderly|senior|"
    r"small|big|sweet|two|regular)\s+)*(?:dog|cat|pup|puppy|pet|kitten|son|daughter|kid|child|baby|"
    r"neighbou?r|friend|boss|tech|technician|stylist|hygienist|dentist|lawyer|attorney|paralegal|"
    r"groomer|receptionist|plumber|tenant|landlord|brother|sister|cousin|dr|doctor|girl|boy|doodle|"
    r"poodle|lab|shih tzu|golden|yorkie|terrier|husky|shepherd|retriever|goldendoodle|ex|ex-husband|"
    r"ex-wife|husband|wife|boyfriend|girlfriend|partner|agent|realtor|adjuster|judge|officer|"
    r"manager)(?:'s)?\s+(?:name\s+)?(?:is\s+|was\s+|named\s+|called\s+)?(?:\w+\s+)?$|"
    r"\b(?:his|her|its|their|dog's|cat's|pup's|puppy's|pet's|son's|daughter's|kid's|baby's|boss's|"
    r"neighbor's)\s+name\s+is\s*$|\bnamed\s*$|\bask(?:ed)? for\s*$"
)

#: "Margaret Hollis, 77 Chestnut Street" at the end of a text, or of a line.
_ADDRESSED = re.compile(rf"(?:^|(?<=[.!?] )|(?<=\n)){_NAME},? (?=\d{{1,5}} [A-Z][a-z]+)")
_SIGNED_LOW = re.compile(r"(?:(?<=\s)|(?<=[.!?]))[-~]\s?(?P<low>[a-z]{3,}(?: [a-z]{2,})?)\s*$")
_GREETED = re.compile(
    r"(?:^|[.!\n] ?)(?:hi|hey|hello|good morning|good afternoon|morning)(?: there| guys| all|"
    r" y'all)?[ ,!.]*(?:it's|its|it is|i'm|im|"
    r"this is)\s+(?P<low>[a-z][a-z'-]+(?: [a-z][a-z'-]+)?)(?= *(?:[,.!\n]|$|from |here|and |calling|"
    r"at |over ))"
)

_KNOWN = re.compile(
    r"\b(?:switch|swap|rebook|shift|change)\b(?: \w+){0,2} (?:my|our|his|her)\b|"
    r"\bneed you(?: guys)? back\b|\bdo i owe\b|"
    r"\b(?:had|did|got|have|done|was)\b[^.?!]{0,25}\bwith you\b|\byou set up\b|\byour (?:guy|guys|tech|man) left\b|"
    r"\b(?:appt|appointment|booking)\b[^.?!]*\b(?:cancel|still)\b|\bappointment is still\b|"
    r"\b(?:my|our|his|her) (?:(?:next|upcoming|regular|usual|existing|last|first|scheduled|current|"
    r"weekly|monthly|\w+day|\d+(?::\d\d)?\s?(?:am|pm)?|\w+)\s){0,2}(?:appointment|appt|apt|booking|"
    r"reservation|cleaning appointment|slot|consultation|hearing with you)\b(?! request)|"
    r"\b(?:i|we|he|she)(?: already)? (?:have|had|'ve got|got|have got|has)(?: already)? (?:an?|our|my|"
    r"his|her)(?: \w+){0,2} (?:appointment|appt|booking|reservation|consult\w*|cleaning|session)\b|"
    r"\bi(?:'m| am) (?:booked|scheduled|down|on the (?:books|schedule))\b|\bwe(?:'re| are) (?:booked|"
    r"scheduled|down for|on the (?:books|schedule))\b|\bi(?:'m| am)? supposed to (?:come|see|"
    r"be) (?:in|you|there)\b|"
    r"\b(?:regular|existing|current|returning|repeat|longtime|long-time|long time|loyal|old|"
    r"established|previous|past)(?: \w+)? (?:customer|client|patient|member)s?\b|\b(?:customer|client|"
    r"patient|coming|going|been coming|been going|been a (?:client|customer|patient)|with you|"
    r"seeing you)(?: \w+){0,3} (?:for|since) (?:years|over|about|\d+|a|ages|many|several|20\d\d|"
    r"the past)\b|\b(?:i'm|im|i am|he's|she's|we're|we are|he is|she is) (?:a|your|"
    r"one of your) (?:regulars?|existing|current|returning|patient|client|customer)\b|"
    r"\b(?:(?:my|his|her|our) regular (?:groom|cut|appointment|time|visit|slot)|"
    r"the usual|my usual|his usual|her usual|our usual|same as (?:last|before|usual|always)|as usual|"
    r"usual (?:cut|groom|time|stylist|style|color))\b|"
    r"\b(?:you|u|y'?all|you guys|your (?:guy|guys|tech|technician|plumber|team|crew|office|people|"
    r"company|man|men|folks|hygienist|dentist|dr|doctor|stylist|groomer|girl))(?: guys| folks| all|"
    r" people)? (?:already |just |also |originally |recently |actually |first |last |"
    r"previously )?(?:came|come out last|put|did|fixed|installed|replaced|serviced|repaired|worked|"
    r"cleaned|snaked|pulled|groomed|cut|colored|coloured|represented|handled|helped|filed|drafted|"
    r"wrote|gave|told|said|sent|drew|drafted|drawn|billed|charged|quoted|took out|took|saw|seen|"
    r"have seen|have my|have us|were here|was here|were out|was out|visited|looked|started|left|"
    r"finished|made|sold|hooked|unclogged|rescheduled|booked|did my|had me|extracted|placed|"
    r"prescribed|trimmed|prepared|set up|built|braided|styled|waxed|missed|cancell?ed|overcharged|"
    r"double|treated)\b|"
    r"\b(?:since|after|from|before) (?:my|our|the|your|his|her) (?:last|previous|first|recent|"
    r"most recent)? ?(?:visit|appointment|cleaning|extraction|root canal|procedure|repair|install\w*|"
    r"service|surgery|groom\w*|haircut|color|consult\w*|crown|filling)\b|\b(?:last|previous) (?:time|"
    r"visit)\b(?=[^.?!]*\b(?:you|there|here|in|with|was|i was|we)\b)|\b(?:my|the|this|our|an?|"
    r"your) (?:invoice|bill|receipt|statement|balance|last bill)\b|\binvoice (?:#|no|number|\d)|"
    r"\b(?:i|we) (?:was|were) (?:there|in|just (?:there|in)|at your (?:office|shop|salon|place|"
    r"clinic))\b|"
    r"\b(?:i|we|he|she)(?:'ve| have|'s| has)? (?:been|used|come|hired|gone|brought|seen|worked with|"
    r"dealt with|always (?:use|used|come|go|bring))(?: \w+){0,3} (?:you|y'all|there|here|to you|"
    r"in before|with you|you guys|your)\b(?! yet)|\bused (?:you|y'?all|your (?:company|service\w*|"
    r"guys))\b|\b(?:see you|come) every\b|\bevery (?:\d+|four|five|six|eight|two|few|couple) (?:weeks|"
    r"months)\b(?= (?:with|at|there|like))|\b(?:running|be|gonna be|i'm|im|minutes|mins|bit|"
    r"few)\b[^.?!]{0,18}\blate\b|\bmy (?:stylist|hygienist|case|file|attorney there|lawyer there|"
    r"groomer|temporary crown|temp crown|permanent crown|next (?:cleaning|visit|session|fill))\b|"
    r"\b(?:reschedul\w*|re-schedule|move|cancel|confirm\w*|change|push|bump)\b(?: \w+){0,2} (?:my|our|"
    r"his|her|the|bella's|\w+'s)\b(?: \w+){0,4} (?:appointment|appt|apt|cleaning|visit|slot|booking|"
    r"groom\w*|haircut|session|consult\w*|color|time|estimate|service|install\w*)\b|\b(?:reschedul\w*|"
    r"re-schedule)\b(?! fee| policy)|\bback (?:again|for (?:another|his|her|my next))\b|\b(?:was|got|"
    r"been|were|am|is|are|'s|'re) (?:already |still )?(?:(?:double |over)?charged|(?:scheduled|booked|"
    r"confirmed)(?! up))\b|\bcharged (?:me|us|my|twice)\b|\bmy \d{1,2}(?::\d\d)?\s?(?:am|pm|"
    r"o'clock)\b|\b(?:see|seen) \w+ every \w+ (?:weeks|months)\b|\b(?:met your|spoke (?:to|with) \w+|"
    r"talked (?:to|with) \w+ (?:at|in|from)|is my (?:part|order|crown|filter))\b|\bjob #|\bfor (?:my|"
    r"her|his|our) (?:cleaning|appointment|appt|check-?up|groom|haircut|crown|filling|visit) (?:at|on|"
    r"this|to)\b|\bi (?:still )?owe\b|\bno[- ]show fee\b|\b(?:was|were) (?:told|promised)\b|"
    r"\bsupposed to be here\b|\bno(?:body| one) (?:came|showed)\b|\byou were coming\b|\b(?:plumber|"
    r"tech|technician|repairman|electrician) (?:came|was here|left|fixed|put|said)\b|"
    r"\bpaid[^.?!]{0,20}last time\b|\bfollow[- ]?up (?:visit|appointment|on my)\b|\bon file\b|"
    r"\bmy account\b|\bmy (?:service|maintenance) (?:plan|contract|agreement)\b|\bhaven'?t been (?:in|"
    r"there|back|to (?:see )?you)\b|\b(?:been|was) (?:in|there|a patient|a client|a customer|"
    r"to you) before\b|\bi'?ve been (?:in|there) before\b|"
    r"\b(?:used|hired|had) you (?:before|last|in|for|a)\b|\bhad (?:you|y'all|you guys) (?:out|come|"
    r"over|do|fix|install|here)\b|\bsoy client[ea]\b|\bya soy (?:client[ea]|paciente)\b|\bmi cita\b|"
    r"\bsiempre (?:voy|vamos|llevo)\b|\bunder warranty\b|\bwarranty (?:work|visit|on)\b|"
    r"\bsame (?:problem|issue|leak|tooth) (?:as (?:before|last time)|again|you)\b|\byour (?:last|"
    r"previous) (?:visit|repair|work)\b|\bdue for (?:my|his|her|our|another|the next) (?:6|six|next|"
    r"yearly|annual|regular)?\b|\b(?:as|like) (?:before|last time)\b"
)
_NEW = re.compile(
    r"\b(?:new|first[- ]time|prospective|potential) (?:patient|client|customer|here|to (?:you|"
    r"the area|your)|caller|pet parent|homeowner and never)s?\b|\bfirst[- ]time(?:r)?\b(?! (?:home|"
    r"dui|offen|arrest|getting|having|this (?:has )?happen|it (?:has )?happen|i've (?:had|seen)|"
    r"buyer))|\b(?:my|our|his|her|it's my|it would be my|would be my|this is my|"
    r"will be my) first (?:time|visit|appointment|groom\w*|haircut|cleaning)\b(?! (?:dealing|getting|"
    r"having|in (?:jail|court|trouble)|ever))|"
    r"\bnever (?:been|used|visited|come|called|had (?:you|y'all|your)|worked with|hired|tried|"
    r"been (?:in|there|to)|done business|seen you|booked|dealt)\b(?! (?:in|this|so|arrested|"
    r"to (?:court|jail)|a |able|more|happier|better|sick|late|back to|the same|any))|"
    r"\bhaven'?t (?:been (?:to you|there|in) before|used you(?:r \w+)? before|ever (?:been|used)|"
    r"visited before)\b|\bnot (?:a |yet a |an existing |been a |currently a )(?:customer|client|"
    r"patient|existing)\b|\bjust moved (?:here|to (?:the )?(?:area|town|city|neighbou?rhood))\b|"
    r"\b(?:are you|r u|do you) (?:still )?(?:tak|accept)(?:ing|e) (?:on )?(?:any )?new\b|"
    r"\bnew (?:patient|client|customer)\b|\b(?:found|saw|got) (?:you|your (?:number|name|info|website|"
    r"ad|reviews))\b[^.?!]{0,30}\b(?:on|online|google|yelp|facebook|from|through|nextdoor|"
    r"instagram)\b|\breferred (?:by|to you|me)\b|\b(?:friend|neighbou?r|coworker|sister|mom|brother|"
    r"cousin) (?:recommended|referred|told me about|said (?:you|to call))\b|"
    r"\b(?:es )?(?:mi )?primera vez\b|\bsoy nuev[oa]\b|\bclient[ea] nuev[oa]\b|\bnuev[oa] (?:paciente|"
    r"client[ea])\b|\bnunca (?:he ido|he estado|los he usado)\b|\blooking for a (?:new )?(?:dentist|"
    r"groomer|stylist|salon|lawyer|plumber)\b"
)
_SAYS_NEW = re.compile(
    r"\bfound you\b|\bgot your\b|\bsaw your\b|\breferred\b|\brecommended\b|\blooking for a\b|\btak|accept"
)


def name_of(text: str) -> Found | None:
    """Return the writer's (or the customer's) name as written, or ``None``."""
    for pattern, rule, confidence in (
        (_GIVEN, "given", 0.9),
        (_HERE, "here", 0.85),
        (_FROM, "from", 0.8),
        (_SIGNED, "signed", 0.8),
        (_ADDRESSED, "addressed", 0.75),
    ):
        for match in pattern.finditer(text):
            key = "name" if match.group("name") else "name2"
            found = _checked(text, match.start(key), match.end(key), rule, confidence)
            if found is not None:
                return found
    calm = plain(text)
    for pattern in (_LOW_GIVEN, _HERE_LOW, _GREETED, _SIGNED_LOW):
        for match in pattern.finditer(calm):
            words = match.group("low").split()
            if not any(word in _NOT_NAMES for word in words):
                return _checked(text, match.start("low"), match.end("low"), "given", 0.7)
    return None


def _checked(text: str, start: int, end: int, rule: str, confidence: float) -> Found | None:
    words = text[start:end].split()
    while words and words[-1].strip(".,!").lower() in _NOT_NAMES:
        words.pop()
    if not words or words[0].strip(".,!").lower() in _NOT_NAMES:
        return None
    value = text[start : text.index(words[-1], start) + len(words[-1])] if len(words) == 1 else " ".join(words)
    if len(value.rstrip(".")) < 2 or _OTHER_PERSON.search(plain(text[max(0, start - 60) : start])):
        return None
    if value.isupper() and rule == "signed" and len(value) < 4:
        return None
    if rule in ("signed", "from") and re.search(
        r"\b(?:in|at|on|near|to|with|from|for|see|and|or|is|about|ask|tell|by)\s*$", plain(text[:start])
    ):
        return None
    if rule in ("signed", "here", "from") and re.match(
        r"\s*(?:st|street|ave|rd|road|dr|ln|lane|blvd|court|ct)\b", plain(text[end : end + 10])
    ):
        return None
    value = value.rstrip(",!")
    value = value if re.search(r"\b[A-Z]\.$|(?:Jr|Sr)\.$", value) else value.rstrip(".")
    return Found(value, start, start + len(value), f"name.{rule}", confidence)


def customer_of(text: str) -> Found | None:
    """Return ``known`` or ``new`` with the words that say so, or ``None``."""
    calm = plain(text)
    new = _NEW.search(calm)
    known = next(
        (
            m
            for m in _KNOWN.finditer(calm)
            if not re.search(r"\b(?:never|not|haven't|no|if|new)\s+(?:\w+\s){0,2}$", calm[: m.start()])
        ),
        None,
    )
    if new is not None and (known is None or not _SAYS_NEW.search(new.group())):
        return Found("new", new.start(), new.end(), "customer.new", 0.9)
    if known is not None:
        return Found("known", known.start(), known.end(), "customer.known", 0.85)
    return None
