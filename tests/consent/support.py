"""Entries for a ledger, the corpus, and ordinary office texts made from templates."""

import json
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path

from textback_pbx.consent import chain, ledger
from textback_pbx.consent.ledger import Basis, Event, Head, NewEntry, Private

ANNA, BERT = "+15125550142", "+447700900123"
T0 = 1_793_000_000_000
CORPUS = Path(__file__).parent / "corpus"


def entry(event=Event.GRANTED, number=ANNA, at_ms=T0, **more):
    """Make an entry with everything that must be there."""
    given = {
        "basis": Basis.EXPRESS_WRITTEN if event is not Event.REVOKED else Basis.OPT_OUT,
        "channel": "paper",
        "source": "service agreement",
        "actor": "office",
        "local_time": "2026-10-26T04:13:20-05:00",
        **more,
    }
    return NewEntry(event=event, number=number, at_ms=at_ms, **given)


def folded(steps, now_ms=T0 + 50):
    """Fold (event, basis, expires_ms) steps of one number; return the state and the entries."""
    sealed, head = [], None
    for event, basis, expires in steps:
        new = entry(event, basis=basis, expires_ms=expires)
        one = chain.seal(new, subject="s", head=head, private=Private(ANNA, "{}", "x"))
        sealed.append(one)
        head = Head(one.seq, one.hash)
    return ledger.fold(sealed, now_ms), sealed


@dataclass(frozen=True)
class Text:
    """One line of the corpus."""

    text: str
    lang: str
    kind: str
    label: str
    rule: int
    last_outbound: str = "none"
    accept: tuple[str, ...] = ()


def corpus(half):
    """Read one half of the corpus."""
    lines = (CORPUS / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Text(**{**row, "accept": tuple(row.get("accept", ()))}) for row in map(json.loads, lines)]


def ordinary_texts(count, seed=11):
    """Make ``count`` different texts as offices get them; none is about texts."""
    parts = tomllib.loads((CORPUS / "ordinary.toml").read_text(encoding="utf-8"))
    rng = random.Random(seed)
    found = set()
    while len(found) < count:
        middle = rng.choice(parts["texts"]).format(x=rng.choice(parts["things"]), w=rng.choice(parts["times"]))
        found.add(rng.choice(parts["greetings"]) + middle + rng.choice(parts["closings"]))
    return sorted(found)


def slip(text, rng):
    """One letter dropped, doubled or swapped with the next in one longer word."""
    words = text.split()
    long = [place for place, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    if long:
        place = rng.choice(long)
        word, at = words[place], rng.randrange(1, len(words[place]) - 1)
        words[place] = rng.choice(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    return " ".join(words)
