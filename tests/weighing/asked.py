"""The card for times that are asked for: every mention of time in the intake's labelled texts.

A mention that comes to the window the label names is asked for; in a text without a window none is, and beside the
right one none of the others is. Where no mention comes to the label's window, the text teaches nothing.
"""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.replies.test_families import FOLDER, PLACES, WINDOWS
from tests.weighing.learn import Sample, digest, learn
from textback_pbx.consent import weighing
from textback_pbx.consent.normalise import tokens
from textback_pbx.replies import asked
from textback_pbx.replies.intake import places_and_times
from textback_pbx.replies.mentions import Mention, Role
from textback_pbx.replies.resolve import frame, resolve
from textback_pbx.replies.tidy import tidy
from textback_pbx.replies.window import window_in

CORPUS = Path(__file__).parents[1] / "replies" / "corpus"
CARD = Path(asked.__file__).parent / "weights" / f"{asked.CARD}.tsv"
LABELS = (asked.LABEL,)
FEATURES, STRENGTH = 20_000, 30.0
#: How much a text of a family counts: it is short, and says one thing.
FAMILY = 4.0
Window = tuple[datetime, datetime] | None


@dataclass(frozen=True)
class Case:
    """One text, when and where it came, and the window it asks for."""

    text: str
    now: datetime
    tz: str
    window: Window
    weight: float = 1.0


def cases() -> list[Case]:
    """Return every text of the intake's corpus whose window is labelled."""
    found: dict[str, Case] = {}
    for path in sorted(CORPUS.rglob("*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            given = row.get("expect", row)
            if "window" in given and row.get("now"):
                window = given["window"]
                span = (_moment(window["start"]), _moment(window["end"])) if window else None
                found.setdefault(row["text"], Case(row["text"], _moment(row["now"]), row["tz"], span))
    for case in _families():
        found.setdefault(case.text, case)
    return list(found.values())


def _families() -> Iterator[Case]:
    """The families of ways to say a time: of readings that are both fair, the first."""
    for name, (now, tz) in PLACES.items():
        data = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        for texts in [*data.values(), *(WINDOWS.values() if name == "windows" else ())]:
            for text, wanted in texts.items():
                first = (wanted or "").split("|")[0]
                yield Case(text, now, tz, _span(first, now, ZoneInfo(tz)) if first else None, FAMILY)


def _span(said: str, now: datetime, zone: ZoneInfo) -> Window:
    """Read "19 11:00-12:00" or "18 10:20-20 17:00": a day of the month from ``now`` on and its hours."""
    first, last = said.split("-")
    day, hour = first.split()
    start = _on(day, hour, now, zone)
    return start, _on(*last.split(), now, zone) if " " in last else _on(day, last, now, zone)


def _on(day: str, hour: str, now: datetime, zone: ZoneInfo) -> datetime:
    month = now.month if int(day) >= now.day else now.month % 12 + 1
    year = now.year + (month < now.month)
    return datetime(year, month, int(day), *map(int, hour.split(":")), tzinfo=zone)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def made_of(texts: Sequence[Case]) -> str:
    """Return the hash of what the card is made from: the texts and their windows."""
    return digest(sorted((case.text, str(case.now), case.tz, str(case.window)) for case in texts))


def mentions(case: Case) -> tuple[str, list[Mention]]:
    """Return the text as it is read, and its mentions of time."""
    text, _ = tidy(case.text)
    return text, places_and_times(text)[2]


def card(texts: Sequence[Case]) -> weighing.Card:
    """Learn the card from ``texts``."""
    return learn([one for case in texts for one in _samples(case)], LABELS, strength=STRENGTH, most=FEATURES)


def _samples(case: Case) -> Iterator[Sample]:
    text, found = mentions(case)
    heard = tokens(text)
    made = [_resolved(one, case) for one in found]
    if case.window is not None and case.window not in made:
        return
    for one, window in zip(found, made, strict=True):
        if window is not None or one.role is not Role.ASKED:
            label = asked.LABEL if window is not None and window == case.window else "not"
            yield Sample(tuple(asked.features(text, heard, found, one)), label, case.weight)


def _resolved(mention: Mention, case: Case) -> Window:
    given = frame(case.now, case.tz)
    made = None if given is None else resolve(mention, given)
    return None if made is None else (made.start, made.end)


def check(texts: Sequence[Case], folds: int) -> None:
    """Print the windows of texts the card was made without, by the level of the card."""
    levels = (0.0, 0.3, 0.4, 0.5, 0.6)
    seen = {level: [0, 0, 0] for level in levels}
    for fold in range(folds):
        made = card([case for at, case in enumerate(texts) if at % folds != fold])
        for case in texts[fold::folds]:
            text, found = mentions(case)
            heard = tokens(text)
            likely = [weighing.shares(asked.features(text, heard, found, one), made)[asked.LABEL] for one in found]
            for level in levels:
                kept = [one for one, share in zip(found, likely, strict=True) if share >= asked.needed(one, level)]
                window = _window(kept, case)
                seen[level][0 if window == case.window else 1 if window is None else 2] += 1
    for level, (right, blank, wrong) in seen.items():
        print(f"level {level}: right {right}, blank {blank}, wrong {wrong} ({wrong / len(texts):.1%})")


def _window(found: list[Mention], case: Case) -> Window:
    given = frame(case.now, case.tz)
    made = None if given is None else window_in(found, given)
    return None if made is None else (made.value.start, made.value.end)
