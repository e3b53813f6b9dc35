"""The chain: whatever is changed in it is found and named; the fold: only the person's own wish lifts an opt-out."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.consent.support import ANNA, T0, entry, folded
from textback_pbx.consent import chain, ledger
from textback_pbx.consent.ledger import Basis, Disclosure, Entry, Event, Head, Private, Status

KEY = bytes(range(32))


def a_chain(count=6):
    entries, head = [], None
    for n in range(count):
        event = list(Event)[n % len(Event)]
        new = entry(event, at_ms=T0 + n, expires_ms=T0 + 10 * n or None, disclosure=Disclosure("v1", f"text {n}"))
        private = Private(ANNA, f'{{"n":{n}}}', f"salt{n}")
        sealed = chain.seal(new, subject=ledger.fingerprint(KEY, ANNA), head=head, private=private)
        entries.append(sealed)
        head = Head(sealed.seq, sealed.hash)
    return entries, head


def test_an_untouched_chain_is_whole():
    for count in range(8):
        entries, head = a_chain(count)
        assert chain.verify(entries, head) == []


@pytest.mark.parametrize("field", [part.name for part in fields(Entry)])
@pytest.mark.parametrize("place", range(6))
def test_every_field_of_every_entry_is_held(place, field):
    entries, head = a_chain()
    old = getattr(entries[place], field)
    new = next(event for event in Event if event is not old) if field == "event" else _other(old)
    entries[place] = replace(entries[place], **{field: new})
    problems = chain.verify(entries, head)
    assert problems
    assert problems[0].seq in {place + 1, place + 2}


def _other(value):
    if isinstance(value, int):
        return value + 1
    return "x" if value is None else value[:-1] + ("1" if value[-1:] == "0" else "0")


@pytest.mark.parametrize("place", range(6))
def test_a_removed_entry_is_named(place):
    entries, head = a_chain()
    problems = chain.verify(entries[:place] + entries[place + 1 :], head)
    assert problems[0].seq == place + 1


@pytest.mark.parametrize("left", range(6))
def test_a_missing_tail_is_named(left):
    entries, head = a_chain()
    problems = chain.verify(entries[:left], head)
    assert [problem.seq for problem in problems] == [left + 1]


@pytest.mark.parametrize("place", range(5))
def test_two_entries_in_the_other_order_are_named(place):
    entries, head = a_chain()
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    assert chain.verify(entries, head)[0].seq == place + 1


@pytest.mark.parametrize("place", range(7))
def test_an_entry_put_in_is_found_even_with_a_hash_of_its_own(place):
    entries, head = a_chain()
    before = Head(entries[place - 1].seq, entries[place - 1].hash) if place else None
    forged = chain.seal(entry(), subject="me", head=before, private=Private("", "{}", "s"), seq=place + 1)
    assert chain.verify([*entries[:place], forged, *entries[place:]], head)


def test_a_head_that_is_gone_is_a_problem():
    entries, _ = a_chain()
    assert "head" in chain.verify(entries, None)[0].what


def test_numbers_and_words_are_not_in_the_chain():
    entries, _ = a_chain()
    assert not any(ANNA[1:] in str(value) for one in entries for value in _values(one))


def _values(one):
    return [getattr(one, part.name) for part in fields(Entry)]


@pytest.mark.parametrize("change", ["number", "evidence", "salt"])
def test_a_changed_private_field_is_found(change):
    entries, _ = a_chain(1)
    private = Private(ANNA, '{"n":0}', "salt0")
    assert chain.verify_private(entries[0], private, erased_at=0, key=KEY) == []
    changed = replace(private, **{change: getattr(private, change) + "0"})
    assert chain.verify_private(entries[0], changed, erased_at=0, key=KEY)


def test_private_fields_may_be_missing_only_before_an_erasure():
    entries, _ = a_chain(1)
    assert chain.verify_private(entries[0], None, erased_at=0, key=KEY)
    assert chain.verify_private(entries[0], None, erased_at=1, key=KEY) == []


def test_another_key_is_noticed():
    entries, _ = a_chain(1)
    found = chain.verify_private(entries[0], Private(ANNA, '{"n":0}', "salt0"), erased_at=0, key=b"other")
    assert "key" in found[0].what


# the fold -------------------------------------------------------------------------------------------------

STEPS = st.tuples(
    st.sampled_from([event for event in Event if event is not Event.POLICY]),
    st.sampled_from([Basis.EXPRESS_ORAL, Basis.IMPLIED_INQUIRY, Basis.RESUBSCRIBE, Basis.OPT_OUT]),
    st.one_of(st.none(), st.integers(T0, T0 + 100)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_an_opt_out_holds_until_the_person_wants_texts_again(steps):
    state, sealed = folded(steps)
    revoked = [one.seq for one in sealed if one.event is Event.REVOKED]
    grants = {Event.GRANTED, Event.RENEWED, Event.IMPORTED, Event.ANNOUNCED, Event.IMPLIED}
    asked = [one.seq for one in sealed if one.basis == Basis.RESUBSCRIBE and one.event in grants]
    assert state.opted_out == (bool(revoked) and max(revoked) > max(asked, default=0))
    assert not (state.opted_out and state.grants)
    assert all(one.expires_ms is None or one.expires_ms > T0 + 50 for one in state.grants)
    assert state.seqs == tuple(one.seq for one in sealed)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=8), STEPS)
def test_no_time_and_no_repeated_stop_changes_an_opt_out(steps, last):
    state, _ = folded([*steps, (Event.REVOKED, Basis.OPT_OUT, None)])
    again, _ = folded([*steps, (Event.REVOKED, Basis.OPT_OUT, None), (Event.REVOKED, Basis.OPT_OUT, None)])
    later, _ = folded([*steps, (Event.REVOKED, Basis.OPT_OUT, None)], now_ms=T0 * 2)
    assert state.status is again.status is later.status is Status.OPTED_OUT
    assert state.entry.seq == again.entry.seq == later.entry.seq
    del last


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([], Status.NONE),
        ([(Event.GRANTED, Basis.EXPRESS_ORAL, None)], Status.CONSENTED),
        ([(Event.IMPLIED, Basis.IMPLIED_INQUIRY, T0 + 50)], Status.EXPIRED),
        ([(Event.IMPLIED, Basis.IMPLIED_INQUIRY, T0 + 51)], Status.CONSENTED),
        ([(Event.IMPLIED, Basis.IMPLIED_INQUIRY, T0), (Event.RENEWED, Basis.EXPRESS_ORAL, None)], Status.CONSENTED),
        ([(Event.GRANTED, Basis.EXPRESS_ORAL, None), (Event.EXPIRED, Basis.OPT_OUT, None)], Status.EXPIRED),
        ([(Event.GRANTED, Basis.EXPRESS_ORAL, None), (Event.ERASED, Basis.OPT_OUT, None)], Status.NONE),
        ([(Event.REVOKED, Basis.OPT_OUT, None), (Event.ERASED, Basis.OPT_OUT, None)], Status.OPTED_OUT),
        ([(Event.REVOKED, Basis.OPT_OUT, None), (Event.IMPORTED, Basis.EXPRESS_ORAL, None)], Status.OPTED_OUT),
    ],
)
def test_where_a_number_stands(steps, status):
    assert folded(steps)[0].status is status


def test_a_greeting_heard_is_no_consent_on_record():
    assert not folded([(Event.ANNOUNCED, Basis.EXPRESS_ORAL, None)])[0].consented
    assert folded([(Event.IMPORTED, Basis.EXPRESS_ORAL, None)])[0].consented
