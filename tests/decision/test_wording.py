"""Templates: named fields only, hostile values, nothing cut; the linter on the trade's own bad habits."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback_pbx.decision import hours, lint, template_sets, wording
from textback_pbx.decision.hours import Schedule
from textback_pbx.decision.policy import LinePolicy
from textback_pbx.decision.segments import segment
from textback_pbx.decision.wording import Rendered, RenderProblem, TemplateProblem

VALUES = {"business": "Alder", "callback_time": "1 hour", "opt_out": "Reply STOP to opt out."}


@pytest.mark.fault(41)
@pytest.mark.parametrize(
    "template",
    [
        "{business.__class__}", "{business|upper}", "{business()}", "{business[0]}", "{7*7}", "{'x'}", "{nope}",
        "{% for c in business %}{c}{% endfor %}", "{% set x = 1 %}x", "{% if business == 'a' %}x{% endif %}", "{}",
        "{% if nope %}x{% endif %}", "{% include 'x' %}", "{% macro m() %}{% endmacro %}", "{business",
        "{business}{caller_name.upper()}", "{self}", "{range(9)}", "{business if phone else line}", "{not business}",
        "{%import 'os' as o%}", "{business ~ phone}", "{% if business %}", "{{business}}",
    ],
)  # fmt: skip
def test_a_template_is_words_and_named_fields_and_nothing_else(template):
    with pytest.raises(TemplateProblem):
        wording.fill(template, VALUES)
    assert isinstance(wording.render(template, VALUES), RenderProblem)


HOSTILE = st.text(
    st.one_of(st.sampled_from("{}%#|'\"<>&;\n\r\x00\x1a\x1b\u202e\u200b\u2028"), st.characters(exclude_categories=())),
    max_size=300,
)


@pytest.mark.fault(41)
@settings(max_examples=120, deadline=None)
@given(business=HOSTILE, name=HOSTILE, phone=HOSTILE)
def test_no_value_adds_a_field_a_control_character_or_a_segment(business, name, phone):
    template = "{business}: {% if caller_name %}{caller_name}, {% endif %}sorry. Call {phone} within {callback_time}."
    values = {**VALUES, "business": business, "caller_name": name, "phone": phone}
    made = wording.render(template, values, max_segments=1, fallback="{business}: we missed your call.")
    if isinstance(made, RenderProblem):
        return
    assert made.segments.count == 1 == segment(made.text).count
    assert not [c for c in made.text if unicodedata.category(c)[0] == "C"]
    assert made.text.endswith("Reply STOP to opt out.")
    cleaned = wording.clean(business, 60)
    assert made.text.count("{") <= cleaned.count("{") + wording.clean(phone, 20).count("{")


@pytest.mark.fault(41)
@pytest.mark.parametrize(
    "value",
    ["{business}", "{{7*7}}", "{% raw %}", "Ann {opt_out}", "Ann\nSTOP", "x@y.z", "555 0142", "bit.ly/x", "A" * 21],
)
def test_a_name_that_is_no_name_is_left_out(value):
    name = wording.clean_name(value)
    assert name in ("", "Ann STOP")
    assert "{" not in name


@pytest.mark.parametrize("value", ["Ana", "José", "Mary Ann", "O’Neil", "Anne-Marie", "Dr. Alder"])
def test_a_name_stays(value):
    assert wording.clean_name(value) == value.replace("’", "'")


def test_the_opt_out_line_is_never_cut():
    long = "{business}: " + "we missed your call and " * 6
    made = wording.render(long, VALUES)
    assert isinstance(made, RenderProblem)
    assert "2 parts" in made.reason
    made = wording.render(long, VALUES, fallback="{business}: we missed your call.")
    assert isinstance(made, Rendered)
    assert made.text == "Alder: we missed your call. Reply STOP to opt out."
    assert "plain wording" in made.note


def test_a_business_named_stop_has_its_opt_out_line_all_the_same():
    made = wording.render("{business}: sorry we missed your call.", {**VALUES, "business": "STOP and Go Towing"})
    assert isinstance(made, Rendered)
    assert made.text.endswith("Reply STOP to opt out.")


def test_the_name_goes_first_and_accents_only_where_they_cost():
    template = "{business}: {% if caller_name %}{caller_name}, {% endif %}" + "a" * 110 + ". {opt_out}"
    made = wording.render(template, {**VALUES, "caller_name": "Anne-Marie Alderman"})
    assert isinstance(made, Rendered)
    assert "Anne" not in made.text
    short = wording.render(
        "{business}: {% if caller_name %}{caller_name}, {% endif %}hi.", {**VALUES, "caller_name": "Ágnes"}
    )
    assert isinstance(short, Rendered)
    assert "Ágnes" in short.text
    costly = wording.render("{business}: " + "a" * 100 + ".", {**VALUES, "business": "Café Ólafur"})
    assert isinstance(costly, Rendered)
    assert costly.text.startswith("Café Olafur: ")


def test_a_missing_value_is_refused_never_blank():
    assert isinstance(
        wording.render("{business}: within {callback_time}.", {"business": "A", "callback_time": ""}), RenderProblem
    )
    assert isinstance(wording.render("{business}: within {callback_time}.", {"business": "\x00"}), RenderProblem)


# Sentences as the trade's articles recommend them, and what is wrong with each.
HABITS = [
    ("Sorry we missed your call!", {"no_business", "bare_apology"}),
    ("{business}: sorry we missed your call. How can we help?", {"open_question", "bare_apology"}),
    ("{business}: we missed your call. Reply, we'll call back shortly. {opt_out}", {"vague_promise"}),
    ("{business}: we missed your call. Reply, we call within 30 minutes. {opt_out}", {"typed_promise"}),
    ("{business}: we missed your call. Reply here or call us or visit our site. {opt_out}", {"many_steps"}),
    ("{business}: WE MISSED YOUR CALL. Reply here. {opt_out}", {"capitals"}),
    ("{business}: we missed your call 🙏 Reply here. {opt_out}", {"emoji", "ucs2", "no_step"}),
    ("{business}: we missed your call. Reply here for 20% off. {opt_out}", {"promotion"}),
    ("{business}: we missed your call. Book at bit.ly/alder {opt_out}", {"shortener"}),
    ("{business}: we missed your call. Reply with your symptoms. {opt_out}", {"sensitive"}),
    ("{business}: we missed your call. Reply with your card number. {opt_out}", {"sensitive"}),
    ("{business}: we missed your call. {opt_out}", {"no_step"}),
    ("{business}: thanks, reply here. {opt_out}", {"no_call"}),
    ("{business}: we missed your call. Reply here, it’s quick. {opt_out}", {"ucs2"}),
    ("{business}: {nope}", {"syntax"}),
    ("{business}: we missed your call. Reply here. " + "word " * 20, {"segments"}),
    ("{business}: vimos su llamada. Responda y le llamamos en breve. {opt_out}", {"vague_promise", "unbacked_promise"}),
    ("{business}: vimos su llamada. ¿En qué le podemos ayudar?", {"open_question", "no_step"}),
    ("{business}: vimos su llamada. Responda y gane un descuento. {opt_out}", {"promotion"}),
]  # fmt: skip


@pytest.mark.parametrize(("template", "codes"), HABITS)
def test_the_linter_knows_the_trades_habits(template, codes):
    language = "es" if "llamada" in template else "en"
    found = {f.code for f in lint.lint_text(template, situation="no_answer.open", language=language)}
    assert codes <= found
    assert found <= set(lint.CODES)


def test_every_code_can_be_found():
    found = {
        f.code
        for template, _ in HABITS
        for lang in ("en", "es")
        for f in lint.lint_text(template, situation="no_answer.open", language=lang)
    }
    found |= {f.code for f in lint.lint_text("{business}: help", situation="help", language="en")}
    never = LinePolicy(name="main", business="Alder", hours=Schedule(week=((),) * 7))
    sparse = LinePolicy(
        name="main",
        business="Alder",
        hours=Schedule(week=hours.parse_week({"mon": "8:00-9:00"})),
        own_texts={
            "no_answer.closed": "{business}: sorry we missed your call. Reply here; we call in {callback_time}."
        },
    )
    found |= {f.code for line in (never, sparse) for f in lint.lint_line(line)}
    assert found == set(lint.CODES)


def test_a_promise_is_held_against_the_lines_hours():
    always = LinePolicy(name="main", business="Alder", hours=Schedule(week=hours.parse_week({"mon-sun": "24h"})))
    assert [f for f in lint.lint_line(always) if f.code in ("no_hours", "long_wait")] == []
    own = {"no_answer.open": "{business}: we missed your call. Reply here; we call back in {callback_time}."}
    slow = replace(always, own_texts=own, callback_min=13 * 60)
    assert [f.code for f in lint.lint_line(slow) if f.text == "main: own/no_answer.open"] == ["long_wait"]
    never = replace(always, own_texts=own, hours=Schedule(week=((),) * 7))
    (wrong,) = (f for f in lint.lint_line(never) if f.text == "main: own/no_answer.open" and f.code == "no_hours")
    assert wrong.severity is lint.Severity.ERROR


def test_a_lines_own_texts_are_chosen_switched_and_linted():
    line = LinePolicy(
        name="main",
        business="Alder",
        own_texts={"busy.open": "{business}: hi"},
        use={"no_answer.open": "booking"},
        off=frozenset({"voicemail"}),
    )
    own = template_sets.choose(line, "busy.open")
    assert own is not None
    assert (own.key, own.template) == ("own/busy.open", "{business}: hi")
    booked = template_sets.choose(line, "no_answer.open")
    assert booked is not None
    assert booked.key == "general.en/booking"
    assert template_sets.choose(line, "voicemail") is None
    assert {f.text for f in lint.lint_line(line)} == {"main: own/busy.open"}


def test_versions_follow_the_words():
    one, two = template_sets.load("dental", "en"), template_sets.load("dental", "es")
    assert one.version != two.version
    assert len(one.version) == 12


@pytest.mark.parametrize("ready", template_sets.all_sets(), ids=lambda s: s.name)
def test_a_greeting_announces_the_text_and_how_to_stop_it(ready):
    for situation in template_sets.SITUATIONS:
        greeting = template_sets.greeting(ready, situation)
        assert "{business}" in greeting
        assert "STOP" in greeting
        assert ("text message" if ready.language == "en" else "mensaje de texto") in greeting
