"""The state table, whole: every state with every event."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback_pbx.outbox import attempt
from textback_pbx.outbox.attempt import FINAL, Event, Impossible, MessageState, State, message_state, recover, step

PAIRS = list(itertools.product(State, Event))
HUMAN = {event for event in Event if event.value.startswith("human_")}
EVIDENCE = {
    Event.ACCEPTED,
    Event.LATE_ACCEPT,
    Event.REPORT_DELIVERED,
    Event.REPORT_TEMPORARY,
    Event.REPORT_FAILED,
}
#: Written out a second time, by hand, from DESIGN's promise 2: the machine's own ways back into the queue.
BACK_BY_MACHINE = {
    (State.CLAIMED, Event.RELEASE),
    (State.CLAIMED, Event.NOT_HANDED_OVER),
    (State.CLAIMED, Event.REFUSED_FOR_NOW),
    (State.CLAIMED, Event.CRASH),
    (State.HANDED_OVER, Event.REFUSED_FOR_NOW),
}


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_state_has_an_answer_to_every_event(state, event):
    after = step(state, event)
    assert isinstance(after, State) or after == Impossible(state, event)


@pytest.mark.fault(5, 6)
@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_only_what_never_left_or_was_refused_goes_back_by_itself(state, event):
    if step(state, event) is State.QUEUED and state is not State.QUEUED:
        assert (state, event) in BACK_BY_MACHINE or event in HUMAN


@pytest.mark.parametrize("event", Event)
def test_unknown_is_left_by_evidence_or_by_a_person_only(event):
    after = step(State.UNKNOWN, event)
    if after not in (State.UNKNOWN, Impossible(State.UNKNOWN, event)):
        assert event in EVIDENCE | HUMAN


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_nothing_is_handed_over_but_what_was_claimed(state, event):
    if step(state, event) is State.HANDED_OVER and state is not State.HANDED_OVER:
        assert (state, event) == (State.CLAIMED, Event.HAND_OVER)
    if step(state, event) is State.CLAIMED and state is not State.CLAIMED:
        assert (state, event) == (State.QUEUED, Event.CLAIM)


@pytest.mark.fault(37)
@pytest.mark.parametrize("state", [State.DELIVERED, State.UNDELIVERED])
@pytest.mark.parametrize("event", sorted(EVIDENCE))
def test_the_first_final_report_wins(state, event):
    assert step(state, event) is state


def test_a_report_that_shows_it_went_out_after_all_stops_a_second_one():
    assert step(State.QUEUED, Event.REPORT_DELIVERED) is State.DELIVERED
    assert step(State.QUEUED, Event.LATE_ACCEPT) is State.ACCEPTED
    assert step(State.QUEUED, Event.REPORT_FAILED) is State.QUEUED


@pytest.mark.fault(5, 6)
@pytest.mark.parametrize("state", State)
def test_recovery_is_true_whenever_the_power_went(state):
    expected = {State.CLAIMED: State.QUEUED, State.HANDED_OVER: State.UNKNOWN}.get(state, state)
    assert recover(state) is expected
    assert recover(recover(state)) is expected


def test_every_state_is_reached_from_queued_and_only_final_ones_are_left_alone_by_the_machine():
    seen, todo = set(), [State.QUEUED]
    while todo:
        state = todo.pop()
        seen.add(state)
        todo += [s for e in Event if isinstance(s := step(state, e), State) and s not in seen]
    assert seen == set(State)
    waits_for_the_world = {State.ACCEPTED, State.UNKNOWN}
    own = set(Event) - HUMAN - EVIDENCE - {Event.CRASH, Event.LOST}
    for state in State:
        moves = any(step(state, event) not in (state, Impossible(state, event)) for event in own)
        assert moves is (state not in FINAL | waits_for_the_world)


@given(st.lists(st.sampled_from(State), min_size=1, max_size=5))
def test_a_message_is_delivered_only_when_every_part_is(parts):
    folded = message_state(parts)
    assert (folded is MessageState.DELIVERED) is (set(parts) == {State.DELIVERED})
    assert (folded is MessageState.UNKNOWN) is (State.UNKNOWN in parts)
    if folded is MessageState.SENT:
        assert set(parts) <= {State.ACCEPTED, State.DELIVERED}


def test_the_documentation_shows_the_table_as_it_is():
    page = Path(__file__).parents[2] / "docs" / "outbox.md"
    assert attempt.diagram() in page.read_text(encoding="utf-8")
