"""The keyword rules one by one (the page on replies), and what holds for every text."""

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.consent import grammar, patterns
from textback_pbx.consent.keywords import Label, LastOutbound, classify

STOPS = (
    "STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT",
    "REMOVE", "TD", "ARRET", "ARRETE", "ARRÊT", "ARRÊTÉ",
)  # fmt: skip
DRESSES = (
    "{}", "{}!!!", "  {}  ", "{}.", '"{}"', "({})", "🙏 {} 🙏", "Hi, {}", "{}\n", "\u200b{}\u200b", "{}\n- Pat",
    "{} 😡",     "*{}*", "Hello. {}.", "{}\n\nSent from my iPhone", "{}?",
)  # fmt: skip
COURTEOUS = ("{} please", "Please {}", "{}, thank you", "Hi, {} pls. Thanks!", "kindly {}", "{}. Many thanks, Dana")


@pytest.mark.parametrize("last", list(LastOutbound))
@pytest.mark.parametrize("word", STOPS)
def test_a_listed_word_alone_is_an_opt_out_in_every_dress(word, last):
    for dress in DRESSES:
        for form in (word, word.lower(), word.title(), word.swapcase(), _wide(word)):
            assert classify(dress.format(form), last).label is Label.STOP, dress.format(form)


@pytest.mark.parametrize("word", [word for word in STOPS if word != "CANCEL"])
def test_courtesy_does_not_weaken_a_listed_word(word):
    for dress in COURTEOUS:
        assert classify(dress.format(word)).label is Label.STOP, dress.format(word)


@pytest.mark.parametrize("text", [*(dress.format("cancel") for dress in COURTEOUS), "Cancel it", "stop that", "end it"])
def test_cancel_with_courtesy_and_a_word_with_it_are_for_a_person(text):
    assert classify(text).label is Label.AMBIGUOUS


CANCELS = ["cancelar", "annuler", "stornieren", "annulla", "absagen", "annuleren", "anuluj", "Cancelar!", "Annulez"]


@pytest.mark.parametrize("text", CANCELS)
def test_the_bare_word_for_cancel_in_another_language_is_for_a_person(text):
    assert classify(text).label is Label.AMBIGUOUS


@pytest.mark.parametrize("text", ["Yes", "y", "YES!!", "yeah", "Yep", "sí", "oui", "Ja", "yes 👍"])
def test_yes_counts_only_right_after_the_confirmation(text):
    for last in LastOutbound:
        wanted = Label.START if last is LastOutbound.OPTOUT_CONFIRMATION else Label.NONE
        assert classify(text, last).label is wanted, (text, last)


@pytest.mark.parametrize("text", ["yes thanks", "Yes that is right", "yes I do", "yes, good", "yeah fine"])
def test_yes_with_more_words_after_the_confirmation_is_for_a_person(text):
    assert classify(text, "optout_confirmation").label is Label.AMBIGUOUS
    assert classify(text, "first_text").label is Label.NONE


@pytest.mark.parametrize("last", list(LastOutbound))
def test_start_and_unstop_count_always(last):
    assert {classify(text, last).label for text in ("START", "unstop", "Start!", "UNSTOP.")} == {Label.START}


@pytest.mark.parametrize("text", ["HELP", "help", "Info", "help?", "ayuda", "Hilfe"])
def test_the_bare_help_word_is_help(text):
    assert classify(text).label is Label.HELP


@pytest.mark.parametrize("text", ["please help", "help my basement floods", "can you help", "info on crowns"])
def test_a_plea_is_an_ordinary_reply(text):
    assert classify(text).label is Label.NONE


OURS = "Sorry we missed your call. Reply STOP to opt out."


@pytest.mark.parametrize(
    "text",
    [
        f"Liked “{OURS}”", f'Loved "{OURS}"', f"Reacted 👍 to “{OURS}”", f"👍 to “{OURS}”", f"Le gustó “{OURS}”",
        f"A aimé « {OURS} »", f"> {OURS}", f"On Mon, Nov 16 the office wrote:\n{OURS}",
        f"Disliked “{OURS[:30]}…", "Liked “STOP”",
        f"Auto-reply: away until Monday. {OURS}", "This is an automated message. Text STOP to end.",
    ],
)  # fmt: skip
def test_words_that_the_phone_put_there_do_not_count(text):
    assert classify(text).label is Label.NONE


@pytest.mark.parametrize("rest", ["STOP", "stop texting me", "Please unsubscribe"])
def test_what_a_person_adds_to_a_quotation_counts(rest):
    assert classify(f"> {OURS}\n{rest}").label is Label.STOP
    assert classify(f"Liked “{OURS}”\n{rest}").label is Label.STOP


@pytest.mark.parametrize(
    "text",
    [
        "I want to die",
        "make it stop please it hurts",
        "leave me alone I want to kill myself",
        "quiero morir",
        "je veux mourir",
    ],
)
def test_distress_is_never_an_opt_out(text):
    assert classify(text).label is not Label.STOP


def test_every_verdict_says_why_and_shows_its_words():
    found = classify("Tuesday works. Please STOP texting my phone, ok?")
    assert found.label is Label.STOP
    assert "Tuesday works. Please STOP texting my phone, ok?"[slice(*found.span)] == "STOP texting"
    assert found.rule == "cease_texting"
    assert found.language == "en"


_WORDS = st.sampled_from(
    [
        "stop",
        "unsubscribe",
        "texting",
        "me",
        "please",
        "no",
        "not",
        "don't",
        "cancel",
        "it",
        "the",
        "my",
        "number",
        "wrong",
        "yes",
        "you",
        "leave",
        "👍",
        "“",
        "”",
        ">",
        "\n",
        ".",
        ",",
        "!",
        "texts",
        "quit",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.lists(_WORDS, max_size=40).map(" ".join)), st.sampled_from(list(LastOutbound))
)
def test_any_text_gets_a_verdict_with_a_place_inside_it(text, last):
    found = classify(text, last)
    assert found.why
    assert found.rule
    if found.span is not None:
        start, end = found.span
        assert 0 <= start <= end <= len(text)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["Stop texting me", "wrong number", "see you at 4", "no mas mensajes"]), st.randoms())
def test_case_and_invisible_characters_change_nothing(text, rng):
    noisy = "".join(
        rng.choice((char.upper(), char.lower())) + rng.choice(("", "", "\u200b", "\u200d")) for char in text
    )
    assert classify(noisy).label == classify(text).label


@pytest.mark.parametrize(
    "text",
    [
        "stop " * 800, "no more " * 500, "(" * 4000, "a" * 100_000, "s t o p " * 500, "dont want to " * 400 + "texts",
        '"' * 3000,
        "please " * 600, "> \n" * 2000, "you have the wrong " * 300, "🛑" * 4000, "one more " * 500, "not to be " * 400,
    ],
)  # fmt: skip
def test_no_text_makes_it_slow(text):
    classify("warm")
    began = time.process_time()
    classify(text)
    assert time.process_time() - began < 1.0


def test_the_language_files_are_sound():
    loaded = grammar.load()
    labels = {*(label.value for label in Label), "said", "distress", "limit", "near"}
    assert {rule.label for rule in loaded.rules} <= labels
    assert {"en", "es", "fr", "de", "it", "pt", "nl", "pl"} <= {rule.language for rule in loaded.rules}
    for name in grammar.LANGUAGES:
        data = grammar.read_language(name)
        assert data["language"] == name
        known = {"language", "bare", "sets", "rules", "typos", "shields", "instructions", "reactions", "auto_replies"}
        words = {"run_together", "signing", "not_names", "work_words", "edge_words", "harmless", "not_typos"}
        assert set(data) <= known | words | {"anywhere", "leads", "noise", "shorthand", "typos_swapped"}


@pytest.mark.parametrize("source", ["(a", "(a]", "a)", "<nobody>", "a ? b", "{x}"])
def test_a_pattern_that_cannot_be_read_is_named(source):
    with pytest.raises(patterns.PatternProblem):
        patterns.compile_pattern(source, {})


def _wide(word):
    letters = string.ascii_letters
    return "".join(chr(ord(char) + 0xFEE0) if char in letters else char for char in word)
