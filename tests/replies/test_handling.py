"""What follows from a text: STOP always, answers a bounded number of times, a person whenever it is no keyword."""

import itertools
from dataclasses import replace

import pytest

from textback_pbx.clock import HOUR_MS, MINUTE_MS
from textback_pbx.consent.ledger import Basis, Event
from textback_pbx.replies.handling import HandlingSettings, Label, LineWords, Situation, Urgency, plan

T0 = 1_793_000_000_000
WORDS = LineWords("Lakeside Plumbing", "+1 512 555 0100")
TEXT = Situation(inbound_id=3, sender="+15125550142", body="STOP", received_ms=T0, scts_ms=T0)


def planned(label, now_ms=T0 + 1000, *, urgency=Urgency.NORMAL, **changes):
    return plan(replace(TEXT, **changes), label, "why", now_ms, words=WORDS, urgency=urgency)


def test_stop_is_recorded_confirmed_once_and_cancels_what_waits():
    made = planned(Label.STOP)
    assert made.consent.event is Event.REVOKED
    assert made.consent.basis is Basis.OPT_OUT
    assert made.answer.kind == "optout_confirmation"
    assert made.answer.expires_ms == T0 + 5 * MINUTE_MS
    assert {"auto", "nudge"} <= set(made.cancel_kinds)
    assert (made.status, made.task) == ("closed", None)
    again = planned(Label.STOP, opted_out=True)
    assert again.answer is None
    assert again.consent is None


@pytest.mark.fault(11)
def test_a_stop_that_lay_on_the_sim_counts_but_its_confirmation_is_too_late():
    made = planned(Label.STOP, T0 + HOUR_MS, received_ms=T0 + HOUR_MS)
    assert made.consent.event is Event.REVOKED
    assert made.answer is None
    assert "too late" in made.notes[0]


def test_an_impossible_time_stamp_falls_back_to_the_time_of_arrival():
    for scts in (T0 + HOUR_MS, T0 - 400 * 24 * HOUR_MS, None):
        assert planned(Label.STOP, scts_ms=scts).answer is not None


def test_a_stop_with_more_words_is_also_read_by_a_person():
    made = planned(Label.STOP, body="stop texting me, call me about the boiler instead")
    assert made.consent is not None
    assert made.task.kind == "review"
    assert made.status == "waiting_on_us"


@pytest.mark.fault(40)
def test_two_robots_stop_answering_each_other_and_stop_still_works():
    for label in (Label.HELP, Label.START, Label.STOP):
        made = planned(label, answers_today=3, body="HELP")
        assert made.answer is None
        assert (made.consent is None) is (label is Label.HELP)
    assert planned(Label.HELP, answers_today=3).task is not None


def test_start_lifts_an_opt_out_and_resumes_automation():
    made = planned(Label.START, opted_out=True, automation="paused")
    assert (made.consent.event, made.consent.basis) == (Event.GRANTED, Basis.RESUBSCRIBE)
    assert made.automation == "on"
    assert made.answer.kind == "optin_confirmation"
    assert planned(Label.START).consent.basis is Basis.EXPRESS_WRITTEN


def test_help_names_the_business_its_phone_and_stop():
    body = planned(Label.HELP).answer.body
    assert all(word in body for word in ("Lakeside Plumbing", "+1 512 555 0100", "STOP"))
    opted_out = planned(Label.HELP, opted_out=True)
    assert opted_out.answer is None
    assert opted_out.task is not None


def test_the_default_answers_fit_one_sms():
    longest = LineWords("A" * 40, "+1 512 555 0100")
    settings = HandlingSettings()
    for template in (settings.optout_text, settings.optin_text, settings.help_text):
        assert len(template.replace("{business}", longest.business).replace("{phone}", longest.phone)) <= 160


def test_ambiguous_pauses_automation_and_asks_a_person():
    made = planned(Label.AMBIGUOUS, body="not interested")
    assert (made.automation, made.task.kind, made.consent, made.answer) == ("paused", "review", None, None)
    assert "nudge" in made.cancel_kinds


def test_a_reply_goes_to_a_person_and_cancels_the_nudge():
    made = planned(Label.NONE, body="tomorrow at 9?", urgency=Urgency.EMERGENCY, owner="on call")
    assert (made.task.kind, made.task.priority, made.task.owner) == ("reply", Urgency.EMERGENCY, "on call")
    assert made.cancel_kinds == ("auto", "nudge")


@pytest.mark.fault(40)
def test_a_flood_of_texts_stays_one_task_and_only_rises():
    made = planned(Label.NONE, body="x", open_task=Urgency.URGENT)
    assert made.task.raises
    assert made.task.priority is Urgency.URGENT
    assert planned(Label.NONE, open_task=Urgency.NORMAL, urgency=Urgency.EMERGENCY).task.priority is Urgency.EMERGENCY


def test_names_and_unreadable_texts_reach_a_person_and_nothing_else():
    for changes in ({"sender": "CARRIER"}, {"sender": ""}, {"body": "", "problem": "odd length"}):
        for label in Label:
            made = planned(label, **changes)
            assert made.task is not None
            assert made.answer is None
            assert made.consent is None


def test_every_text_ends_with_a_person_an_answer_or_a_recorded_wish():
    for label, out, count, task, automation in itertools.product(
        Label, (True, False), (0, 3), (None, *Urgency), ("on", "paused")
    ):
        made = planned(label, opted_out=out, answers_today=count, open_task=task, automation=automation)
        assert made.task or made.answer or made.consent or (label is Label.STOP and out)
        if made.answer is not None:
            assert not out or label is Label.START
            assert made.answer.expires_ms > T0
