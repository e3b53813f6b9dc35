"""The words around a time that tell what it is to its writer; expressions only, read by roles.py; pure."""

import re

REQUEST = (
    r"\b(?:can|could|cud|would|will|please|pls|plz|need|needs|want|wants|wanna|like to|looking|hoping|"
    r"hope to|call|ring|phone|text me|come|send|"
    r"book|schedule|available|availability|free|works?|opening|openings|slot|fit|squeeze|see|visit|"
    r"possible|prefer\w*|how about|what about|let's|"
    r"reschedul\w*|move|drop|bring|home|here|reach|talk|speak|get (?:me|him|her|us|in|someone|"
    r"somebody)|best|ideally|any ?time|swing|stop by|pop|"
    r"any chance|too (?:late|soon)|get on the (?:list|schedule|books)|do you have|have you got|u have|got "
    r"any(?:thing|one)?|got a|try me|give me|puede\w*|pueden|podr[ií]a\w*|"
    r"necesito|quiero|quisiera|llam\w*|ven\w*|venir|"
    r"cita|por favor|bring (?:him|her|them)|in for|set (?:me|us) up|pencil|put me|get back|callback|"
    r"pick up|meet|start|do it|asap|ok for|good for|is good|is fine|is ok|suits?|free)\b"
)
REQUESTS = re.compile(REQUEST)
CALL = re.compile(
    r"\b(?:call|calls|ring|phone|callback|call-back|call back|reach|speak|talk|give me a (?:call|ring|"
    r"shout|buzz|bell)|buzz|llam\w*|tel[eé]fono|"
    r"(?:text|txt|message|msg|answer|email) (?:me|us)|get back to|hear (?:back|from)|contact|"
    r"return my call|pick up (?:the|my) phone|answer (?:the|my) phone)\b"
)
VISIT = re.compile(
    r"\b(?:come|visit|appointment|appt|apt|book|fit|see|stop by|swing|schedul\w*|send|bring|drop|fix|"
    r"install|repair|look at|inspect|clean(?:ed|ing)|service|venir|cita|reschedul\w*|move|slot|"
    r"opening|in for|come out|get (?:me|us|him|her) in)\b"
)
MOVE = (
    r"(?:mov\w*|reschedul\w*|chang\w*|switch\w*|push\w*|bump\w*|swap\w*|shift\w*|rebook\w*|"
    r"re-?schedule|bring(?= (?:\w+ ){0,4}(?:forward|up|back|earlier)\b)|c[aá]mbi\w*|"
    r"m[uo]ev\w*|mover\w*|p[aá]s(?:ar|e|a)(?:me|la|lo)*(?= (?:mi|la|el|mis)\b)|"
    r"reagend\w*|reprogram\w*|transfer|postpone|"
    r"delay|slide)"
)
TO = re.compile(
    rf"\b{MOVE}\b[^.?!]*\b(?:to|for|until|till|forward to|back to|a|al|para)\s*(?:the |el |las? |"
    r"around |about |something |sometime |like )*(?:on |at |after |before |between )?$"
)
FROM = re.compile(rf"\b{MOVE}\b[^.?!]*?\b(?:from|my|our|the|her|his|their)\b(?:(?!\bto\b|\bfor\b|\buntil\b)[^.?!])*$")
MINE = r"(?:my|our|the|her|his|their|existing|current|that|this|mi)"
THING = (
    r"(?:appointment|appt|apt|cleaning|check-?up|visit|booking|slot|reservation|haircut|cut|color|"
    r"consult\w*|session|estimate|service|repair|hearing|court date|install\w*|groom\w*|filling|crown|"
    r"tune-?up|job|one|fitting|cita|spot|time|bath|boarding|wax|fill|root canal|extraction|consultation|nails)"
)
EXISTING_LEFT = re.compile(
    r"\b(?:looking forward to|in (?:the|your) (?:book|diary|calendar)s? for) $|"
    r"(?:^|[.!?,]\s*)(?:so )?(?:you're|you are|he's|they're|someone's|somebody is|"
    r"someone is) (?:still )?(?:(?:coming|due)\b[^.?!]*)?$|"
    r"\bon (?:the|your) (?:list|schedule|books?|calendar|rota) (?:for|on)\b(?:(?!\b(?:can|could|need|want|"
    r"please)\b)[^.?!])*$|"
    r"\boff (?:the|your) (?:list|schedule|books?|calendar|rota)\b(?:(?!\b(?:can|could|need|want|please|"
    r"put)\b)[^.?!])*$|"
    r"\b(?:i|we|he|she|they)(?:'ve| have| has|'s)(?: got)?(?! to\b| any)\b(?:(?!\b(?:can|could|need|want|please|"
    r"but|time|until)\b)"
    r"[^.?!,])*\bwith (?:you|dr|ms|mr|mrs)\b[^.?!,]*$|"
    r"\b(?:i|we|he|she|my \w+)(?:'ve| have| has|'s|'ve got| have got| had) (?:an?|my|our|his|her) $|"
    rf"\b(?:about|re|regarding) (?:my|our|his|her|the|[\w]+'s) (?:\w+ )?{THING}\b(?:(?!\b(?:can|could|need|want|"
    rf"please)\b)[^.?!])*$|"
    r"\b(?:tengo|tenemos|tiene) (?:una )?cita\b(?:(?!\b(?:puede|puedo|quiero|cambiar|mover)\b)[^.?!])*$|"
    rf"(?:^\s*|[.!?,\n]\s*)(?:{THING}\s+(?:is|was|still|(?:is |was )?(?:set|booked|scheduled|confirmed|"
    rf"down))|(?:appointment|appt|apt|booking|reservation)\s+(?:on|at|for))\b(?:(?!\b(?:can|could|need|want|"
    rf"please)\b)[^.?!])*$|"
    rf"\b{MINE}\s+(?:(?!needs?\b|wants?\b|an?\b|for\b|to\b|in\b|is\b|"
    rf"due\b)[\w']+\s+){{0,3}}{THING}\b(?:(?!\b(?:can|could|need|want|please|instead|to move|reschedule|"
    r"for a|another|new)\b)[^.?!])*$"
    r"|\b(?:i|we|she|he|they|i'm|we're|im|dog|cat|kid|daughter|son)\s*(?:am|is|are|have|'ve|'ve got|"
    r"has|had|was|were|'m|'re|got)?\s*(?:already |currently |still )?(?:booked|scheduled|down|set|"
    r"supposed|due|on the (?:books|calendar|schedule)|confirmed|slated|penciled)\b(?:(?!\b(?:can|"
    r"could|need|want|please)\b)[^.?!])*$"
    r"|(?:^\s*|[.!?,\n]\s*)(?:booked|scheduled|reserved|(?:made|got) an? (?:appointment|appt|booking))\s+"
    r"(?:in|an?|my|for|with|the|on)\b(?:(?!\b(?:can|could|need|want|please)\b)[^.?!])*$"
    r"|\b(?:is|are|was|were|'s|'re) (?:already |still |currently )?(?:scheduled|booked|confirmed|"
    r"supposed|expected|slated|due|set)\b(?:(?!\b(?:can|could|need|want|please)\b)[^.?!])*$"
    r"|\b(?<!can )(?<!could )(?<!do you )(?<!you )(?<!may )(?:have|has|had|got|tengo|"
    rf"tenemos)\s+(?:an?|una|one)\s+(?:\w+\s+){{0,3}}{THING}\b(?:(?!\b(?:can|could|need|want|"
    r"please)\b)[^.?!])*$"
    r"|\b(?:thought|said|told me|expecting|expected)\b[^.?!]{0,12}\b(?:you|he|she|they|someone|"
    r"somebody|anyone|a tech)\b[^.?!]*$"
    r"|\b(?<!can )(?<!could )(?<!do you )(?<!you )(?:have|had|has|got)\s+(?:an?|my|our|his|her)\s+\d{1,2}(?::\d\d)?"
    r"(?:\s?[ap]m| o'clock)?\b(?:(?!\b(?:can|could|need|want|please|but)\b)[^.?!,])*$"
    r"|\b(?:have|got|had|has|you put|they put|she put|he put) (?:me|us|him|her) (?:down|in|booked|"
    r"scheduled)(?: for)?\b(?:(?!\b(?:can|"
    r"could|please)\b)[^.?!])*$"
    r"|\b(?:speaking|meeting|talking|sitting down) (?:with|to)\b(?:(?!\b(?:can|could|need|want|please|but|"
    r"like)\b)[^.?!,])*$"
    r"|\b(?:confirm\w*|cancel\w*|miss(?:ed)?|missing|remind\w*|coming in|supposed to|can't make|"
    r"cannot make|cant make|won't make|can't keep)\b(?:(?!\b(?:can you|could|need|want|please|but|"
    r"instead|to)\b)[^.?!,])*$"
)
PROMISED = re.compile(
    r"\b(?:was|were) (?:coming|due|going to (?:come|be))\b[^.?!]*$|\b(?:was|were|been) (?:told|promised|"
    r"quoted)\b[^.?!]*$|\b(?:thought|said|told me|expecting|"
    r"expected)\b[^.?!]{0,12}\b(?:you|he|she|they|someone|somebody|anyone|a tech)\b[^.?!,]*$"
)
EXISTING_RIGHT = re.compile(
    rf"^(?:'s)?\s*(?:\w+\s+)?{THING}\b(?!\s*(?:available|open\b|free|left|if|would|works|please|\?))"
)
#: "checking if Wednesday at 10 is still on".
STILL_ON = re.compile(
    r"^\W*still (?:work|ok|good|on|suit|happen\w*)\b|"
    r"^\W*(?:(?:is|are|'s)? ?still (?:on|happening|going ahead|booked|scheduled|confirmed|ok|good|set)\b"
    r"|(?:is|are) (?:still )?(?:on|happening|confirmed)(?= (?:for|with)))"
)
MY_LEFT = re.compile(r"\b(?:my|our|her|his|their|the|mi)\s*(?:[\w']+\s+){0,2}$")
HAD = (
    r"\b(?:showed|no[- ]show|turned up|didn't (?:show|turn up|come)|"
    r"was|were|had|came|called|went|started|stopped|died|broke|quit|happened|noticed|woke|found|"
    r"fell|left|got(?! any| a (?:slot|spot)| time| room| space| some)|saw|did|put|installed|fixed|cracked|"
    r"chipped|lost|wrote|forgot|ran|tore|threw|sent|caught|felt|drove|slept|sold|stole|burst|flooded|tried|rang|"
    r"missed|"
    r"texted|spoke|talked|heard|bought|moved|paid|told|said|began|gave|took|knocked|slipped|hit|"
    r"arrested|been|fired|served|received|died|passed|backed|overflowed|tripped|blew|ate|swallowed|"
    r"bit|hurt|kicked|turned|shut|clogged|leaked|arrived|signed|rented|ended|kept|made|let go|woken|"
    r"pulled|picked|se rompi[oó]|empez[oó]|llam[eé])\b"
)
#: Any doing of somebody's in the past: "I dropped my glove", "the company worked on it"; Spanish too: "me chocaron".
HADS = re.compile(
    rf"{HAD}|\b(?:i|we|he|she|it|they|who|that|you|(?:my|the|our|his|her|your) [\w']+)(?: (?:just|also|already|"
    rf"only|\w+ly))? "
    r"(?!need|want|prefer|interested)[a-z]{2,}(?:[^e\W]ed|e?ed)\b(?<!need)(?<!speed)(?<!indeed)(?<!feed)(?<!bleed)"
    r"|\b\w{2,}(?:aron|ieron|yeron)\b|\b\w{2,}(?:i[oó]|"
    r"[bcdfgjklmnñprstvyz]ó)\b(?<!estudio)(?<!servicio)(?<!horario)(?<!espacio)"
)
EVENT = re.compile(
    r"\b(?:(?:we're|we are|i'm|i am) (?:hosting|having|throwing|moving|leaving|flying|driving|going|getting)|"
    r"anniversary|picture day|(?:trash|garbage|bin|pay|laundry|game|field) ?day|parking|good luck|school run|"
    r"(?:the|a) \w+ (?:man|men|guy|company|people) (?:is|are) coming|tribunal|"
    r"inquest|inquiry|disciplinary(?: meeting)?|christening|baptism|communion|"
    r"confirmation class|"
    r"(?:bar|bat) mitzvah|concert|gig|(?:the|our|my|his|her|big|foot\w+|school) (?:game|match|play|show|dance|ball)|"
    r"appearance|la corte|audiencia|game is|dog show|viewing|open house|biometrics|baby shower|(?:bridal|"
    r"wedding) shower|visitors|reception|"
    r"memorial|"
    r"audition|presentation|seminar|(?:team|staff|hr|board|school|zoom|work) meeting|orientation|induction|"
    r"inspection (?:on|at)|cruise|race|marathon|tournament|rehearsal dinner|hen do|stag do|magistrates?|(?:the|"
    r"a) judge|"
    r"dies|starts|begins|ends|closes|opens|leaves|arrives|departs|boards|is over|wedding|accident|"
    r"incident|crash|collision|happened|close on|party|prom|quincea[nñ]era|flight|"
    r"fly(?:ing)?|closing|closes|trial|court|"
    r"hearing|arraign\w*|deposition|mediation|guests?|family (?:is )?coming|in[- ]?laws|birthday|"
    r"graduation|"
    r"funeral|interview|photo ?shoot|pictures?|vacation|holiday|trip|(?<!to )travel\w*|moving (?:in|out)|"
    r"move (?:in|out)|move-?in|inspector|inspection is|event|gala|recital|rehearsal|expires?|deadline|"
    r"due|evict\w*|lockout|surgery|exam|ceremony|homecoming|boda|vuelo|"
    r"juicio|reunion|tenants? (?:move|moving)|leave town|leaving|we leave|i leave|sentencing|"
    r"(?:finish|clock out|knock off)(?: work| my shift)?|naps?|statute|answer is due|sheriff|lease (?:is up|ends|"
    r"starts)|conference|(?:have|got|at|in|"
    r"my|a) (?:a )?(?:meeting|shift|school|class|work)|thanksgiving|freeze|storm|(?:get|gets|getting|"
    r"got)\s(?:home|off|out|back)|(?:is|am|are|be)\s(?:home|off|out|back)|out of (?:school|work)|off work|(?:get|"
    r"gets) (?:him|"
    r"her|them) from school)\b"
)
#: Something the writer has to do by then: "sign the papers by Monday".
MUST_DO = re.compile(
    r"\b(?:respond|answer|reply|appear|vacate|move out|pay|file|sign|return|submit|decide|exchange|enroll)\b"
    r"(?:\s+[\w']+){0,4}\s+(?:by|before|until|no later than)\W*$"
)
#: Somebody else does something then: "bailiffs coming Monday".
OTHERS_DO = re.compile(
    r"\b(?:guests?|bailiffs?|family|parents?|in[- ]?laws|mother|mom|mum|dad|father|sister|brother|movers|buyers?|"
    r"kids?|"
    r"tenants?|visitors|"
    r"friends?|company)(?: all)? (?:comes? (?:on|at|this|next|to)|get here|gets here|arrives?|lands?|fly in|"
    r"flies in|visits?|moves? (?:in|out)|"
    r"leaves?)\b|"
    r"\b(?:he|she|they|ex|wife|husband|bailiffs?|guests?|family|parents?|in-?laws|mother|mom|mum|dad|father|sister|"
    r"brother|"
    r"landlord|sheriff|inspector|buyers?|movers|city|court|kids?|children|tenants?|people|friends?|insurance|"
    r"company|bank)"
    r"(?:'s| is| are|'re| will be)?\s+(?:coming|arriving|taking|moving|leaving|flying|visiting|picking|"
    r"going|getting|having|"
    r"starting|closing|evicting|throwing|kicking|shutting)\b"
)
#: What somebody does then anyway: "Fri 21st we're getting the keys".
OWN_DOINGS = re.compile(
    r"^\W*(?:we|i|he|she|they|my \w+|the \w+)(?:'re|'m|'s|re|m| are| am| is|'ll be| will be) (?!hoping|looking|"
    r"wondering|thinking|"
    r"calling|asking|needing|wanting|trying|coming|going to (?:need|be)|being|working from)[a-z]+ing\b"
)
#: A day until which somebody stays: "visiting till next Friday".
STAYS_UNTIL = re.compile(
    r"\b(?:visiting|staying|stay|in town|on (?:holiday|hols|"
    r"vacation))\b[^.?!,]*\b(?:(?:un)?til+|through|thru) $|\bon (?:holiday|hols|vacation) (?:from|until) $"
)
#: An event is moved, not a visit: "buyers want to push closing to Feb 10", "the hearing got moved to Monday".
#: What happens again and again: "it is worse in the mornings".
HABIT = re.compile(
    r"\b(?:it|he|she|they|(?:the|my|our) [\w']+)(?: only| always| usually| just| really)? (?:happens?|eats?|"
    r"drinks?|goes|leaks|drips|"
    r"smells|hums|wakes|barks|acts up|trips|kicks on|stops|comes on|is (?:worse|louder)|gets (?:worse|loud|cold|"
    r"hot))\b"
)
#: "my appointment got bumped from 2 to 3" tells; it asks for nothing.
WAS_MOVED = re.compile(r"\b(?:got|was|were|been) (?:bumped|moved|pushed|rescheduled|changed|switched)\b[^.?!]*$")
EVENT_MOVES = re.compile(
    r"\b(?:closing|hearing|trial|court(?: date)?|settlement|completion|wedding|deposition|interview|exam|surgery|"
    r"party|mediation)\b"
    r"[^.?!,]{0,25}\b(?:to|for|until|till|from)(?: (?:the|next|this|on))* $"
)
#: "It's on the 24th": of what was named in the statement before.
OF_IT = re.compile(
    r"(?:^|[.!?,;\n])\s*(?:it|that|which|it's|its|that's|this)(?: is|'s| was)?(?: (?:for|on|at|set|"
    r"set for|scheduled for))? ?(?:the )?$"
)
#: An event, or something the writer has to do, right before its time.
#: To be at home or off work on a day is to be free; at an hour it may be that one comes home then.
AT_HOME = re.compile(r"\b(?:is|am|are|be|'m|'s|'re|'ll be) (?:home|off(?: work)?)\b")
EVENT_BEFORE = re.compile(
    rf"(?:{EVENT.pattern}|\b(?:respond|answer|appear|vacate|be out|move out|"
    r"(?:wants?|need|told|has|have) (?:us|me|him|her|them) out|out by|leave|pay|file|sign|"
    r"return|submit|decide|exchange|attend|report)\b)(?:\s+(?:is|"
    r"was|are|on|at|this|coming up|scheduled|set|date|for|next|by|before|in|of|it|the|a|moved))*\W*$"
)
EXCLUDED_LEFT = re.compile(
    r"\b(?:not|can't|cannot|cant|won't|wont|except|besides|but not|anything but|any(?: ?day| ?time|"
    r"thing) but|other than|everything but|no puedo|excepto|menos|never|instead of|rather than|avoid|"
    r"unavailable|busy|in (?:a |all )?(?:meetings?|class|court|surgery|clinic|training)|at (?:dialysis|school|"
    r"the hospital)|don't|isn't|i work|at work|out of town|away|gone|tied up|not free|"
    r"not available|not around|unable|skip|nor|neither|"
    r"(?:no need|needn't|don't need|do not need|dont need)(?:(?! (?:until?|till?|before|by|after)\b) [\w']+){0,4})"
    r"(?:\s+(?:do|make(?: it)?|come|be (?:here|home|there|available)|be|home|\x00+|\x01+|obviously|there|here|in|"
    r"on|at|the|el|"
    r"a|los|get there|this|any|every|really|until|til|till|work|able to|all|with|for))*\s*$"
)
EXCLUDED_RIGHT = re.compile(
    r"^\W*no (?:puedo|podemos|me sirve|estoy|estamos|voy)\b|"
    r"^\W*(?:just )?(?:no good|no use|not good|is hard|are hard|are (?:a )?pain)\b|"
    r"^\W*(?:i'm|im|i am|we're|is|are|i'm always|would be) (?:no good|a no|useless|not good|hopeless|a no go)\b|"
    r"^\W*(?:i|we) (?:can't|cannot|cant|couldn't|won't|don't)\b(?! (?:wait|mind|care|have))|"
    r"^\W*(?:he|she|they|i|we)(?:'s|'re|'m|s| is| are| am) (?:with (?!you)|at (?!home|the house)|away|out of|"
    r"working|teaching|busy|tied up|"
    r"in (?:a )?(?:meetings?|court|class|surgery|school|training|clinic)|on (?:shift|call|holiday|vacation))|"
    r"^[\s,]*(?:at \d+\s*)?(?:morning |afternoon )?(?:really |just |unfortunately )?(?:doesn't|"
    r"does not|doesnt|don't|dont|do not|won't|wont|will not|isn't|is not|isnt|are not|aren't|is no|"
    r"are no|is out|are out|is bad|are bad|isn t|no longer works?|is full|(?:is|are) (?:an? |my |our |the "
    r")?(?:\x00+\W*|holiday|day off|vacation|packed|hectic|crazy|slammed)|i can't|i cannot|i cant|"
    r"i'm busy|i am busy|im busy|i work|i'm out|i'm away|is impossible|conflicts)\b"
)
_DAYS = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?|week ?ends?|week ?days|evenings|nights"
HOURS = re.compile(
    r"\bwhat time (?:do|does|are|is|will)\b[^.?!]*\b(?:finish|knock off|open|close|shut|start|stop|lock up|leave|"
    r"done|end|"
    r"there till|in till)\b|\bhow late (?:can|do|are|is|will|should|would)\b|"
    r"\bis (?:someone|anyone|somebody|anybody) (?:there|in|around|at the)\b|"
    r"\b(?:are|r) (?:you|u|y'?all|ye)(?: guys| folks| all)? (?:working|in|around|there|off|about)\b(?! to)|"
    rf"\bis (?:dr\.? )?(?!it\b|that\b|this\b)\w+ (?:off|in|on|working|there) (?:on )?(?:{_DAYS}|today|tomorrow)\s*\?|"
    rf"(?<!can )(?<!could )(?<!would )(?<!will )\b(?:you|y'?all|u|ye)(?: guys| folks)?(?: ever|"
    rf" still)? (?:come out|work|see (?:patients|people|dogs)|groom|"
    rf"take (?:patients|people|walk[- ]?ins)|answer|run|do (?:calls|visits|"
    rf"house calls))(?: \w+)?(?: on)? (?:the )?(?:{_DAYS})\s*\?|"
    r"\b(?:u|you|y'all|ya)(?: guys)? (?:still )?open\b(?! (?:on |at |from )?(?:monday|tuesday|\d))|"
    r"\b(?:you're|you are|u r|y'all are|are (?:you|y'all|u)(?: guys)?) (?:still )?(?:seeing|taking|"
    r"accepting) (?:patients|people|"
    r"clients|customers|walk-?ins|dogs|appointments)\b|"
    r"\bis (?:dr\.? )?\w+ (?:in|working|there|on shift|in the office)(?: (?:on|this|next))? (?:today|"
    r"tomorrow|\w+day|this week)\b|"
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
ARRIVAL = re.compile(
    r"\b(?:running|gonna be|going to be|will be|be|i'm|im|we're|few|bit|about|little|be a|min|mins|"
    r"minutes|hour)\b[^.?!]{0,22}\b(?:late|behind)\b|\bon (?:my|our|the) way\b|\bomw\b|"
    r"(?<!can )(?<!could )\bbe there (?:in|at|by|around|about|soon|within)\b|\b(?:i'm|im|we're|i am|"
    r"we are) (?:here(?! (?:all|until|till?|every|from|after|most|in|on|any|between|except|alone|today|tomorrow|"
    r"thr|before|"
    r"mon|tue|wed|thu|fri|sat))|outside|in the (?:parking )?lot|pulling up|parked|stuck in traffic)\b|\beta\b|"
    r"\btalk (?:then|soon|on \w+day|tomorrow|mon\w*|tue\w*|wed\w*|thu\w*|fri\w*|sat\w*)(?: thanks?| then)?\W*$|"
    r"\b(?:see (?:you|u|ya)|ttyl|talk to you)\b[^.?!]{0,6}\b(?:then|soon|later|at|tomorrow|mon\w*|"
    r"tue\w*|wed\w*|thu\w*|fri\w*|sat\w*)"
)
PREFER_LEFT = re.compile(
    r"(?:^|[.?!])\s*no,\s*(?:\w+\s+){0,2}$|"
    r"\b(?:actually|make (?:it|that)|scratch that|i meant?|correction|no wait|"
    r"second thought)\b\W*(?:\w+\W+){0,2}$|\b(?:prefer\w*|ideally|best|first choice|rather|"
    r"preferabl[ey]|better|prefiero|mejor|favou?rite|would love|better yet|better still|if i had to pick|top choice|"
    r"hopefully)(?:\W+(?:would be|is|be|on|the|for|have|do|a|it|time|would|to|come|see|get|in|"
    r"choice))*\W*$"
)
PREFER_RIGHT = re.compile(
    r"^\W*(?:(?:at|morning|afternoon|around)\s)?(?:\w+\s)?(?:(?:is|would be|are|being|works|work|"
    r"es)\s+(?:\w+\s)?(?:best|better|ideal|preferred|preferable|perfect|mejor)|preferred|preferably|"
    r"if (?:at all )?possible|then(?=\s*(?:[.!?]|$))|is my (?:first|top)|best|better|ideally|first choice)\b"
)
#: What is said now takes the place of what was said before: "actually make it 3".
_SLIP = (
    r"(?:sorry|oops|whoops|no wait|wait,? no|no,|nope|hang on|hold on|scratch that|strike that|correction|"
    r"i mean(?:t)?|or rather|or should i say|my (?:bad|mistake)|i misspoke|typo|i take that back|check that|"
    r"perd[oó]n|digo|mejor dicho|quise decir|no espera|no,? mejor)"
)
_BESIDES = (
    r"(?:no|oh|ugh|er|um|hm+|wait|lol|actually|apologies|that|was|is|it|it's|that's|wrong|i|make|let's|say|do|can|we|"
    r"could|you|u|better|try|how about|what about|on|at|the|for|around|about|then|rather|instead|el|la|las|a las?|"
    r"after|before|by|until|between|from|early|late|please|pls|maybe|should be|should|be|mean|meant|to say)"
)
#: A slip is taken back: "Wednesday, no sorry, Thursday at 11"; what was not said again stays.
SLIPPED = re.compile(rf"(?:^|[^\w]){_SLIP}(?:\W+{_BESIDES})*\W*$|(?:^|\s)\*\s?$|\bh+mm* no\W*$")
_NEARER = r",\s*(?:say|so say|let's say|so like)\W*$"
CORRECTS = re.compile(
    rf"{SLIPPED.pattern}|\b(?:actually|make (?:it|that)|second thoughts?)\b(?:\W+{_BESIDES})*\W*$|{_NEARER}"
)
OTHERWISE = re.compile(
    r"\b(?:otherwise|or else|if not|failing that|second choice|backup|back-up|worst case|at worst|"
    r"as a backup|then)\b\W*(?:\w+\W+){0,2}$"
)
