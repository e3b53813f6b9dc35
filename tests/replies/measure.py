"""How well texts are understood, in figures: ``python -m tests.replies.measure [--errors]``.

Opt-outs over the corpus of tests/consent, part by part, and over ordinary office texts made from templates; the
intake over the corpus beside this file, field by field; the window also by dateparser.search and parsedatetime, if
they are there (``make bench`` has them). Nothing is judged here: the tests do that.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.consent.support import CORPUS as KEYWORDS
from tests.consent.support import corpus, ordinary_texts
from textback_pbx.consent.keywords import classify
from textback_pbx.replies.intake import read
from textback_pbx.replies.plain import plain
from textback_pbx.replies.traps import without_traps

CORPUS = Path(__file__).parent / "corpus"
FIELDS = ("urgency", "service", "street", "postcode", "window", "name", "customer")
ORDINARY = 6_000
Verdict = str  # right, blank (rightly), missed (said, left blank), wrong
Case = Mapping[str, Any]


@dataclass
class Count:
    """Verdicts of one field, and the texts that were not understood."""

    of: Counter[Verdict] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict, error: str) -> None:
        """Count one text."""
        self.of[verdict] += 1
        if verdict in ("wrong", "missed"):
            self.errors.append(f"{verdict}: {error}")

    def line(self) -> str:
        """Precision, recall, and the shares of all texts left blank and read wrong."""
        given = self.of["right"] + self.of["wrong"]
        said = self.of["right"] + self.of["missed"] + self.of["wrong"]
        total = max(self.of.total(), 1)
        shares = (self.of["right"] / max(given, 1), self.of["right"] / max(said, 1))
        blank, wrong = (self.of["blank"] + self.of["missed"]) / total, self.of["wrong"] / total
        shown = f"precision {shares[0]:6.1%}  recall {shares[1]:6.1%}  blank {blank:6.1%}  wrong {wrong:5.1%}"
        return f"{shown}  ({self.of['wrong']} of {self.of.total()})"


def parts(folder: Path) -> list[str]:
    """Return the parts of a corpus: what was developed on first, then the held-out ones in order."""
    names = sorted(path.stem for path in folder.glob("*.jsonl"))
    order = ("development", "tuned", "second_sight", "held_out")
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), len(name), name))


def cases(part: str) -> list[Case]:
    """Read one part of the intake's corpus."""
    return [json.loads(line) for line in (CORPUS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]


def verdict(case: Case, name: str, made: Any, also: tuple[str, ...] = ()) -> Verdict:
    """Judge one field by the label, what is accepted beside it, and (services) what else the text names."""
    wanted = case["expect"][name]
    accepted = [wanted, *case.get("accept", {}).get(name, [])]
    if made in accepted or (name == "service" and made is not None and set(also) & set(accepted)):
        return "blank" if made is None else "right"
    return "missed" if made is None else "wrong"


def intake(part: str) -> dict[str, Count]:
    """Measure every field over one part."""
    counts = {name: Count() for name in FIELDS}
    for case in cases(part):
        made = read(case["text"], datetime.fromisoformat(case["now"]), case["tz"], case["business"])
        values = {**made.values(), **made.values()["place"]}
        for name in FIELDS:
            if name in case["expect"]:
                found = verdict(case, name, values[name], made.also)
                shown = f"{case['text']!r}: {_short(case['expect'][name])}, read as {_short(values[name])}"
                counts[name].add(found, shown)
    return counts


def _short(value: Any) -> str:
    return f"{value['start'][:16]} to {value['end'][11:16]}" if isinstance(value, dict) else str(value)


# general date libraries -------------------------------------------------------------------------------------


def libraries() -> Iterator[tuple[str, Callable[[Case], datetime | None]]]:
    """Yield the general date libraries that are installed, each as a function to the first moment it finds."""
    try:
        from dateparser.search import search_dates
    except ImportError:
        search_dates = None
    try:
        import parsedatetime
    except ImportError:
        parsedatetime = None
    if search_dates is not None:

        def by_dateparser(case: Case) -> datetime | None:
            order = "DMY" if case["tz"].startswith("Europe/") else "MDY"
            settings = {"RELATIVE_BASE": _naive(case), "PREFER_DATES_FROM": "future", "DATE_ORDER": order}
            found = search_dates(case["text"], languages=["en", "es"], settings=settings)
            return found[0][1].replace(tzinfo=None) if found else None

        yield "dateparser", by_dateparser
    if parsedatetime is not None:
        calendar = parsedatetime.Calendar()

        def by_parsedatetime(case: Case) -> datetime | None:
            found = calendar.nlp(case["text"], sourceTime=_naive(case))
            return found[0][0] if found else None

        yield "parsedatetime", by_parsedatetime


def _naive(case: Case) -> datetime:
    return datetime.fromisoformat(case["now"]).replace(tzinfo=None)


def moment_verdict(case: Case, moment: datetime | None) -> Verdict:
    """Judge a library's first moment kindly: right anywhere inside the window, or on its day without an hour."""
    wanted = [case["expect"]["window"], *case.get("accept", {}).get("window", [])]
    if moment is None:
        return "blank" if None in wanted else "missed"
    for window in (w for w in wanted if w is not None):
        start, end = (datetime.fromisoformat(window[edge]).replace(tzinfo=None) for edge in ("start", "end"))
        no_hour = moment.time() == _naive(case).time()
        if start <= moment < end or (no_hour and start.date() <= moment.date() <= end.date()):
            return "right"
    return "wrong"


# printing ---------------------------------------------------------------------------------------------------


def print_optouts(*, errors: bool) -> None:
    """Print the classifier's rates, part by part, and over ordinary texts."""
    print("Opt-outs: labels right of those of the kind; in brackets, of the wrong ones those that went to a person")
    for part in parts(KEYWORDS):
        kinds: dict[str, list[str | None]] = {}
        for text in corpus(part):
            found = classify(text.text, text.last_outbound)
            ok = found.label in {text.label, *text.accept}
            wrong = None if ok else f"{text.text!r}: {text.label}, read as {found.label} ({found.rule})"
            kinds.setdefault(text.kind, []).append(wrong)
        shown = []
        for kind in ("exact", "phrase", "other", "negative"):
            if (results := kinds.get(kind)) is not None:
                bad = [wrong for wrong in results if wrong is not None]
                person = sum("read as ambiguous" in wrong for wrong in bad)
                shown.append(f"{kind} {len(results) - len(bad)}/{len(results)}" + (f" ({person})" if bad else ""))
        print(f"  {part:13}", ", ".join(shown))
        if errors:
            print(*(f"      {wrong}" for results in kinds.values() for wrong in results if wrong), sep="\n")
    texts = ordinary_texts(ORDINARY)
    wrong = [text for text in texts if classify(text).label == "stop"]
    print(f"  ordinary texts: {1000 * len(wrong) / len(texts):.2f} false opt-outs per 1,000 of {len(texts)}", *wrong)


def print_intake(*, errors: bool) -> None:
    """Print every field over every part, and the window beside the libraries."""
    whole = {name: Count() for name in FIELDS}
    for part in parts(CORPUS):
        print(f"Intake, {part}: {len(cases(part))} texts")
        for name, count in intake(part).items():
            print(f"  {name:9} {count.line()}")
            whole[name].of += count.of
            if errors:
                print(*(f"      {error}" for error in count.errors), sep="\n")
    print("Intake, all parts")
    for name, count in whole.items():
        print(f"  {name:9} {count.line()}")
    for library, first in libraries():
        count = Count()
        for part in parts(CORPUS):
            for case in cases(part):
                if "window" in case["expect"]:
                    count.add(moment_verdict(case, first(case)), case["text"])
        print(f"  window by {library}: {count.line()}")


def print_speed() -> None:
    """Print the processor time of one text, classified and read: the median over the corpus, and the slowest."""
    every = [case for part in parts(CORPUS) for case in cases(part)]
    times = []
    for case in every:
        began = time.process_time()
        classify(case["text"])
        read(case["text"], datetime.fromisoformat(case["now"]), case["tz"], case["business"])
        times.append(1000 * (time.process_time() - began))
    times.sort()
    middle, worst = times[len(times) // 2], times[-1]
    print(f"One text, classified and read: median {middle:.2f} ms of processor time, the slowest {worst:.1f} ms")


def trapped(case: Case) -> list[str]:
    """Return the names of the traps a text holds."""
    return without_traps(plain(case["text"]))[1]


def main() -> None:
    """Print all figures; with ``--errors`` every text that was not understood too."""
    errors = "--errors" in sys.argv
    print_optouts(errors=errors)
    print_intake(errors=errors)
    print_speed()


if __name__ == "__main__":
    main()
