"""Texts by writers who saw the labelling rules alone, kept untouched: nothing was mended after them.

What is asserted is what was asked for at the first look, so that it cannot get worse unseen; `-s` prints it. Whoever
mends by these texts moves them to the corpora and has new ones written.
"""

import json
from collections import Counter
from pathlib import Path

from textback_pbx.cli.replies import understand

FOLDER = Path(__file__).parent / "blind"


def rows(name):
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def keywords(name):
    """Count (label wanted, label given), an accepted one as the one wanted."""
    seen = Counter()
    for row in rows(name):
        made = understand({"text": row["text"], "last_outbound": row.get("last_outbound", "first_text")})["keyword"]
        seen[row["label"], row["label"] if made in row.get("accept", []) else made] += 1
    of = {label: sum(count for (wanted, _), count in seen.items() if wanted == label) for label, _ in seen}
    print(f"\n{name}: of {of}: {dict(seen)}")
    return seen, of


def test_opt_outs_never_seen_before():
    seen, of = keywords("opt_outs.jsonl")
    assert seen["stop", "stop"] >= 0.99 * of["stop"]
    assert seen["none", "stop"] <= 0.02 * of["none"], "half of these were written to look like refusals"
    assert seen["ambiguous", "ambiguous"] >= 0.94 * of["ambiguous"]
    assert seen["start", "stop"] == seen["stop", "start"] == 0


def test_ordinary_answers_never_seen_before():
    seen, of = keywords("ordinary.jsonl")
    assert of["none"] >= 1_000
    assert seen["none", "stop"] <= 0.002 * of["none"]


def test_windows_never_seen_before():
    seen = Counter()
    for row in rows("intake.jsonl"):
        given = {key: row[key] for key in ("text", "last_outbound", "now", "tz", "business")}
        found, wanted = understand(given)["intake"]["window"], row["intake"]["window"]
        found = found if found and found["start"] else None
        seen["right" if found == wanted else "blank" if found is None else "wrong"] += 1
    print(f"\nwindows: {seen}")
    assert seen["wrong"] <= 0.03 * seen.total()
    assert seen["blank"] <= 5
