"""How people write days and hours: the table of all expressions with what each means; pure.

The order matters, the longer and surer first. Kinds: day, span (several days), part (of a day), clock, bare (a number
that its neighbours may make an hour), asap, within, that (a time named before).
"""

from textback_pbx.replies.days import DAYS
from textback_pbx.replies.hours import HOURS
from textback_pbx.replies.readings import Build

#: (kind, pattern, what it means), tried in this order at each place.
RULES: tuple[tuple[str, str, Build], ...] = (*DAYS, *HOURS)
