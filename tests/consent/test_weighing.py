"""Words weighed: the card adds up as its file says, and a second opinion is heard only where it may be."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.weighing import opt_outs
from textback_pbx.consent import opinion, weighing
from textback_pbx.consent.keywords import by_rules, classify
from textback_pbx.consent.normalise import tokens

CARD = weighing.load(opinion.PACKAGE, opinion.CARD)


def small_card(points, base=(0, 0)):
    return weighing.card(["doubt", "stop"], base, [(feature, *row) for feature, row in points.items()])


def test_the_card_is_made_from_the_texts_that_stand_here():
    """Who changes a corpus or the ideas of words makes the card anew: ``make weights``."""
    assert f"({opt_outs.made_of(opt_outs.cases())})" in opt_outs.CARD.read_text(encoding="utf-8").splitlines()[0]


def test_shares_are_what_the_points_come_to():
    card = small_card({"no": (0, 200), "no texts": (100, 200)}, base=(-100, 50))
    found = weighing.shares(["no", "texts", "no texts", "no"], card)
    doubt, stop = math.exp(-1 + 1 / math.sqrt(2)), math.exp(0.5 + 4 / math.sqrt(2))
    assert found == pytest.approx({"doubt": doubt / (1 + doubt + stop), "stop": stop / (1 + doubt + stop)})


def test_words_that_nobody_knows_leave_the_shares_where_they_begin():
    assert weighing.shares(["xyzzy"], small_card({}))["stop"] == pytest.approx(1 / 3)


@given(st.text(max_size=300))
def test_any_text_has_shares_between_none_and_all(text):
    found = weighing.weigh(tokens(text), CARD, "stop")
    assert all(0 <= share <= 1 for share in found.shares.values())
    assert sum(found.shares.values()) <= 1 + 1e-9
    assert set(found.heaviest) <= set(tokens(text))


def test_one_clause_in_a_long_story_weighs_like_the_same_clause_alone():
    card = small_card({"never": (0, 500), "again": (0, 500)}, base=(-900, -200))
    story = "the tap in the bathroom upstairs was dripping so my brother in law came round and sorted it in no time. "
    alone, inside = (weighing.weigh(tokens(text), card, "stop") for text in ("never again", story + "never again"))
    assert inside.shares["stop"] >= alone.shares["stop"] - 1e-9
    assert [token.text for token in inside.heaviest] == ["never", "again"]


def test_a_file_that_is_no_card_is_refused(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "broken.tsv").write_text("no\t1\t2\n", encoding="utf-8")
    monkeypatch.setattr(weighing.resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="broken"):
        weighing.load.__wrapped__("anywhere", "broken")


@pytest.mark.parametrize(
    "text",
    [
        "I want to die, leave me alone, no more messages please",
        "CANCEL please",
        "stop it",
        "Liked “Reply STOP to opt out”",
        "yes",
        "null",
    ],
)
def test_what_one_word_distress_or_the_phone_said_is_never_weighed(text):
    assert classify(text, "first_text") == by_rules(text, "first_text")
    assert by_rules(text).label != "stop"


@pytest.mark.parametrize("text", ["STOP", "Thanks for the quote. STOP", "unsubscribe!!"])
def test_a_keyword_is_never_doubted(text):
    assert classify(text).label == "stop"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I'd be grateful if nothing further from you landed on this phone", "stop"),
        ("whoever had these digits before me is who you want, pls scratch them off", "stop"),
        ("the drain is blocked again, can someone come tomorrow", "none"),
    ],
)
def test_wordings_that_no_rule_knows_are_weighed(text, label):
    assert by_rules(text, "first_text").rule in opinion.LEVELS
    assert classify(text, "first_text").label == label


def test_a_reason_shows_the_words_that_weigh_most():
    found = classify("whoever had these digits before me is who you want, pls scratch them off", "first_text")
    assert found.rule == "weighed"
    assert found.span is not None
    assert "“" in found.why


def test_a_wish_among_many_words_is_weighed_only_so_far():
    """Who refuses is brief: out of a story of more than 40 words no weight alone makes a refusal."""
    wish = "whoever had these digits before me is who you want, pls scratch them off"
    story = ". The radiator in the hall is cold again" * 5
    assert classify(wish).rule == "weighed"
    assert classify(wish + story).rule != "weighed"


def test_what_a_rule_sees_in_a_long_ordinary_answer_is_doubted():
    answers = [text for text in many() if len(text.split()) > opinion.LONGEST_WEIGHED]
    seen = [text for text in answers if by_rules(text, "first_text").label == "stop"]
    left = [text for text in seen if classify(text, "first_text").label == "stop"]
    print(f"of {len(answers)} the rules see a refusal in {len(seen)}, {len(left)} of them stay one", *left, sep="\n  ")
    assert len(seen) >= 20
    assert len(left) <= 0.1 * len(seen)


def many():
    """Yield the long ordinary answers that the card was made from."""
    for path in sorted((opt_outs.CORPUS / "many").glob("ordinary_long_*.jsonl")):
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        yield from (row["text"] for row in rows if row["label"] == "none")


@pytest.mark.parametrize("text", ["nn voglio ricevere sms", "n quero voltar a receber mensagens", "dont start texting"])
def test_what_may_be_a_refusal_never_asks_for_texts_again(text):
    assert classify(text, "first_text").label != "start"
