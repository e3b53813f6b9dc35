"""Calls nobody has recorded here, with the outcome a person at the office would name."""

import pytest

from tests.calls.wire import CALLER, DOWN, RING, UP, Wire
from textback_pbx.calls.outcome import judge
from textback_pbx.calls.trunks import Trunks


def test_chan_sip_makes_an_incoming_channel_down_and_then_rings():
    w = Wire()
    r = w.root("SIP/provider-00000001", state=DOWN)
    w.state(r, RING)
    leg = w.dial(r, "SIP/101-00000002")
    w.ring(leg).dial_end(r, leg, "NOANSWER").end(leg, 16).end(r, 0)
    assert w.verdict() == ("no_answer", "timeout")


@pytest.mark.parametrize("name", ["IAX2/provider-1234", "DAHDI/i1/5125550142-3", "DAHDI/1-1", "Dongle/dongle0-0100"])
@pytest.mark.parametrize("context", ["from-pstn", "from-trunk-sip-x", "from-did-direct", "from-external", "incoming"])
def test_any_technology_in_the_usual_contexts(name, context):
    w = Wire()
    w.end(w.root(name, context=context), 16)
    assert w.verdict()[0] == "not_reachable"


def test_click_to_call_and_originate_are_no_customer_calls():
    w = Wire()
    out = w.root("PJSIP/trunk-1", state=DOWN, number="")  # Originate to the customer first, context from-trunk
    w.state(out, 5).up(out).end(out)
    desk = w.chan("PJSIP/101-2", state=DOWN)
    w.state(desk, 5).up(desk)
    leg = w.dial(desk, w.chan("PJSIP/trunk-3", context="from-trunk", linked=desk))
    w.end(leg, 17).end(desk)
    assert w.calls() == []


def test_a_chan_sip_refusal_is_read_from_the_leg_not_from_dial_end():
    for cause, expected in (
        (21, "busy"),
        (19, "no_answer"),
        (17, "busy"),
        (20, "not_reachable"),
        (18, "not_reachable"),
    ):
        w = Wire()
        r = w.root("SIP/provider-1")
        leg = w.dial(r, "SIP/101-2")
        if cause == 19:
            w.ring(leg)
        w.dial_end(r, leg, "BUSY").end(leg, cause).end(r, 17)
        assert w.verdict()[0] == expected


def test_attended_transfer_after_a_person_answered():
    w = Wire()
    r = w.root()
    a = w.dial(r, "PJSIP/101-2")
    w.ring(a).up(a).dial_end(r, a, "ANSWER").up(r).enter("b1", a, r)
    consult = w.chan("PJSIP/101-3", state=RING, exten="102")
    b = w.dial(consult, "PJSIP/102-4")
    w.ring(b).up(b).up(consult).enter("b2", b, consult)
    w.add("AttendedTransfer", None, ("OrigTransfererUniqueid", a.uniqueid), ("Result", "Success"))
    w.add("BridgeMerge", None, ("ToBridgeUniqueid", "b2"), ("FromBridgeUniqueid", "b1"))
    w.leave("b1", r).enter("b2", r).end(a).end(consult).end(b).asks(r).end(r)
    assert w.verdict() == ("answered", "")
    assert w.calls()[0].facts["transferred"]


def test_two_desks_talk_and_the_caller_is_merged_in():
    w = Wire()
    r = w.root()
    w.up(r).enter("b1", r)
    desk = w.chan("PJSIP/101-9", state=RING)
    w.up(desk).enter("b2", desk)
    w.add("BridgeMerge", None, ("ToBridgeUniqueid", "b2"), ("FromBridgeUniqueid", "b1")).end(desk).end(r)
    assert w.verdict()[0] == "answered"


def test_directed_pickup_by_a_phone_with_its_own_root():
    w = Wire()
    r = w.root()
    a = w.dial(r, "PJSIP/101-2")
    w.ring(a)
    b = w.chan("PJSIP/102-3", state=RING, exten="**101")
    w.up(b).dial_end(r, b, "ANSWER").up(r).end(a, 26).enter("b", b, r).leave("b", b, r).end(b).end(r)
    assert w.verdict()[0] == "answered"


def test_parking_is_no_conversation_until_somebody_fetches_the_caller():
    w = Wire()
    r = w.root()
    other = w.root("PJSIP/trunk-77", exten="5002")
    w.up(r, other).enter("park", r, other, tech="holding_bridge").asks(other).end(other)
    desk = w.chan("PJSIP/102-3", state=RING, exten="701")
    w.up(desk).leave("park", r).enter("b", desk, r).end(desk).end(r)
    assert w.outcomes() == ["answered", "no_answer"]


def test_parked_and_come_back_to_a_desk_that_rings_out_stays_answered():
    w = Wire()
    r = w.root()
    a = w.dial(r, "PJSIP/101-2")
    w.ring(a).up(a, r).enter("b", a, r).leave("b", r, a).end(a).enter("park", r, tech="holding_bridge")
    w.add("ParkedCall", None, ("ParkeeUniqueid", r.uniqueid)).leave("park", r)
    back = w.dial(r, "PJSIP/101-3")
    w.ring(back).dial_end(r, back, "NOANSWER").end(back, 0).end(r)
    assert w.verdict()[0] == "answered"
    assert w.calls()[0].facts["parked"]


def test_linkedids_of_strangers_merge_and_legs_still_go_to_the_one_who_dialled():
    w = Wire()
    a, c = w.root(number="+15125550111"), w.root("PJSIP/trunk-2", number="+15125550122")
    w.up(a, c).enter("park", a, c, tech="holding_bridge").leave("park", c)
    c.linkedid = a.uniqueid  # Asterisk merges them
    leg = w.dial(c, w.chan("PJSIP/101-3", linked=a))
    w.end(leg, 17).asks(a).end(a).end(c)
    assert w.outcomes() == ["no_answer", "busy"]


def test_forwarded_to_a_mobile_that_is_busy():
    w = Wire()
    r = w.root()
    desk = w.dial(r, "PJSIP/101-2")
    one, two = w.local("07700900123@out", r)
    w.dial_end(r, desk, "CANCEL", ("Forward", "07700900123"))
    w.dial(r, one)
    w.end(desk, 23)
    mobile = w.dial(two, w.chan("PJSIP/trunk-9", context="from-trunk", linked=r))
    w.dial_end(two, mobile, "BUSY").end(mobile, 17).end(two, 17).end(one, 17).end(r, 17)
    assert w.verdict()[0] == "busy"


def test_ring_group_of_ring_groups_through_nested_locals():
    w = Wire()
    r = w.root()
    o1, o2 = w.local("600@grp", r)
    w.dial(r, o1)
    i1, i2 = w.local("101@grp", r)
    w.dial(o2, i1)
    leg = w.dial(i2, "PJSIP/101-7")
    w.ring(leg).up(leg, i2, i1, o2, o1, r)
    w.enter("in", leg, i2).enter("mid", i1, o2)
    assert w.outcomes() == ["lost"]  # the caller does not hear anybody yet, and has not hung up
    w.enter("out", o1, r)
    for chan in (r, o1, o2, i1, i2, leg):
        w.end(chan)
    assert w.verdict()[0] == "answered"


def test_local_optimisation_leaves_the_phone_with_the_caller():
    w = Wire()
    r = w.root()
    one, two = w.local("101@x", r)
    w.dial(r, one)
    leg = w.dial(two, "PJSIP/101-7")
    w.ring(leg).up(leg, two, one, r).enter("b2", leg)
    # the halves optimise themselves away before the caller's side is seen in a bridge
    w.enter("b1", leg, r).end(two).end(one).end(leg).end(r)
    assert w.verdict()[0] == "answered"


def test_voicemail_behind_a_local_channel_is_no_person():
    w = Wire()
    r = w.root()
    desk = w.dial(r, "PJSIP/101-2")
    w.ring(desk).dial_end(r, desk, "NOANSWER").end(desk, 0)
    one, two = w.local("101@voicemail", r)
    w.dial(r, one)
    w.add("Newexten", two, ("Application", "VoiceMail"), ("AppData", "101"))
    w.up(two, one).dial_end(r, one, "ANSWER").up(r).enter("b", one, r).asks(r).end(r).end(one).end(two)
    assert w.verdict() == ("no_answer", "voicemail")


def test_voicemail_answers_a_group_first_and_the_phones_are_told_elsewhere():
    w = Wire()
    r = w.root()
    desk = w.dial(r, "PJSIP/101-2")
    one, two = w.local("101@voicemail", r)
    w.dial(r, one)
    w.ring(desk).up(two, one).dial_end(r, one, "ANSWER").dial_end(r, desk, "CANCEL").end(desk, 26)
    w.up(r).enter("b", one, r).end(r).end(one).end(two)
    assert w.verdict()[0] == "no_answer"


def test_follow_me_with_confirmation_not_pressed():
    w = Wire()
    r = w.root()
    mobile = w.dial(r, w.chan("PJSIP/trunk-9", context="from-trunk", linked=r))
    w.ring(mobile).up(mobile).dial_end(r, mobile, "ANSWER").end(mobile, 16).end(r, 16)
    assert w.verdict()[0] == "no_answer"


def test_the_carrier_connected_it_elsewhere():
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).asks(r, 26).dial_end(r, leg, "CANCEL").end(leg, 26).end(r, 26)
    assert w.verdict() == ("answered", "elsewhere")


def test_dnd_in_the_dialplan_and_on_the_phone():
    w = Wire()
    w.end(w.root(), 17)
    assert w.verdict() == ("busy", "dialplan")
    for cause, expected in ((21, ("busy", "rejected")), (17, ("busy", ""))):
        w = Wire()
        r = w.root()
        leg = w.dial(r, "PJSIP/101-2")
        w.dial_end(r, leg, "BUSY").end(leg, cause).end(r, 17)
        assert w.verdict() == expected


def test_five_callers_at_once_in_a_queue():
    w = Wire()
    roots = [w.root(f"PJSIP/trunk-{n}", number=f"+1512555010{n}") for n in range(5)]
    for r in roots:
        w.up(r).add("QueueCallerJoin", r, ("Queue", "support"))
    legs = [w.dial(r, f"PJSIP/10{n}-x{n}") for n, r in enumerate(roots)]
    w.ring(*legs).up(legs[2]).enter("b", legs[2], roots[2])
    for leg, r in zip(legs, roots, strict=True):
        w.asks(r).dial_end(r, leg, "CANCEL").end(leg, 0).end(r)
    assert w.outcomes() == ["no_answer"] * 2 + ["answered"] + ["no_answer"] * 2
    assert [record.caller[-1] for record in w.calls()] == list("01234")


def test_ivr_then_a_desk_that_rings_out():
    w = Wire()
    r = w.root()
    w.up(r)
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).dial_end(r, leg, "NOANSWER").end(leg, 0).end(r)
    assert w.verdict()[0] == "no_answer"


@pytest.mark.parametrize(("who", "expected"), [("PJSIP/101-5", "answered"), ("CBAnn/x-5;1", "no_answer")])
def test_a_conference_with_a_phone_and_one_without(who, expected):
    w = Wire()
    if who:
        someone = w.chan(who, state=RING)
        w.up(someone).enter("conf", someone, tech="softmix")
    r = w.root()
    w.up(r).enter("conf", r, tech="softmix").leave("conf", r).end(r)
    assert w.verdict()[0] == expected


def test_two_callers_alone_in_a_conference_reached_nobody():
    w = Wire()
    a, b = w.root(), w.root("PJSIP/trunk-2")
    w.up(a, b).enter("conf", a, b, tech="softmix").end(a).end(b)
    assert w.outcomes() == ["no_answer", "no_answer"]


def test_the_phone_of_a_finished_call_answers_the_next_caller():
    w = Wire()
    a = w.root()
    leg = w.dial(a, "PJSIP/101-2")
    w.ring(leg).up(leg, a).enter("conf", leg, a).leave("conf", a).end(a)
    b = w.root("PJSIP/trunk-2")
    w.up(b).enter("conf", b).end(b).end(leg)
    assert w.outcomes() == ["answered", "answered"]


def test_bridge_enter_before_the_phone_is_up():
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).enter("b", leg, r).up(leg, r).end(leg).end(r)
    assert w.verdict()[0] == "answered"


def test_dial_end_after_hangup_and_hangups_in_any_order():
    for first_root in (True, False):
        w = Wire()
        r = w.root()
        leg = w.dial(r, "PJSIP/101-2")
        w.ring(leg)
        if first_root:
            w.end(r).end(leg, 17)
        else:
            w.end(leg, 17).end(r)
        w.dial_end(r, leg, "BUSY")
        assert w.verdict()[0] == "busy"


def test_a_legs_hangup_that_never_comes():
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).end(r)
    assert w.verdict()[0] == "no_answer"


def test_the_recording_stops_before_the_end():
    w = Wire()
    r = w.root()
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg)
    assert w.verdict() == ("lost", "not_ended")
    w.up(leg, r).enter("b", leg, r)
    assert w.verdict()[0] == "answered"


def test_the_recording_starts_in_mid_call():
    w = Wire()
    r = w.root(quiet=True)
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).dial_end(r, leg, "NOANSWER").end(leg, 0).end(r)
    assert w.verdict()[0] == "no_answer"
    w = Wire()
    r = w.root(quiet=True, state=UP)
    w.leave("b", r).state(r, UP).end(r)
    assert w.verdict() == ("lost", "gap")


def test_withheld_by_the_last_presentation_and_by_the_number_itself():
    for number, presentation, withheld in (
        (CALLER, "prohib", True),
        (CALLER, "prohib_passed_screen", True),
        (CALLER, "allowed", False),
        (CALLER, "allowed_not_screened", False),
        ("anonymous", None, True),
        ("Anonymous", None, True),
        ("", None, True),
        ("<unknown>", None, True),
        (CALLER, None, False),
    ):
        w = Wire()
        r = w.root(number=number)
        r.presentation = presentation
        w.asks(r).end(r)
        (record,) = w.calls()
        assert record.withheld is withheld, (number, presentation)
        assert record.caller == ("" if withheld else CALLER)


def test_what_was_withheld_once_stays_so_though_the_dialplan_sets_it_to_allowed():
    # FreePBX's inbound routes: CALLERID(num-pres)=allowed_not_screened for every call, the caller's own in a variable.
    w = Wire()
    r = w.root()
    r.presentation = "prohib_passed_screen"
    w.state(r, UP)
    r.presentation = "allowed_not_screened"
    w.state(r, UP).end(r)
    (record,) = w.calls()
    assert (record.withheld, record.caller) == (True, "")
    w = Wire()
    r = w.root()
    w.add("NewCallerid", r, ("CID-CallingPres", "32 (Presentation Prohibited, Not Screened)"))
    w.add("NewCallerid", r, ("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")).end(r)
    assert w.calls()[0].withheld


def test_what_was_only_unknown_may_become_known():
    w = Wire()
    r = w.root("DAHDI/1-1", number="")
    r.presentation = "unavailable"
    w.state(r, RING)
    r.number, r.presentation = "5125550142", "allowed_not_screened"
    w.add("NewCallerid", r, ("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")).end(r)
    assert w.calls()[0].caller == "5125550142"


@pytest.mark.parametrize(
    ("own", "saved", "withheld"),
    [
        ("allowed_not_screened", "prohib_passed_screen", True),
        ("allowed_not_screened", "allowed", False),
        ("allowed_not_screened", "", False),
        ("prohib", "", True),
        (None, "prohib", True),
    ],
)
def test_what_freepbx_saved_before_it_allowed_every_call(own, saved, withheld):
    w = Wire()
    r = w.root()
    r.presentation = own
    w.end(r)
    shown = f"Linkedid: {r.linkedid}\r\n" + (f"ChanVariable: CALLERID(pres)={own}\r\n" if own else "")
    w.blocks[-1] = w.blocks[-1].decode().replace(shown, f"{shown}ChanVariable: CALLINGNUMPRES_SV={saved}\r\n").encode()
    (record,) = w.calls()
    assert record.withheld is withheld


def test_a_presentation_of_the_phone_does_not_withhold_the_caller():
    w = Wire()
    r = w.root()
    r.presentation = "allowed"
    leg = w.chan("PJSIP/101-2", linked=r)
    leg.presentation = "prohib"
    w.dial(r, leg)
    w.ring(leg).end(leg, 0).end(r)
    assert not w.calls()[0].withheld


def test_new_callerid_tells_the_presentation_in_figures():
    for pres, withheld in (("32 (Presentation Prohibited, Not Screened)", True), ("0 (Presentation Allowed)", False)):
        w = Wire()
        r = w.root()
        w.add("NewCallerid", r, ("CID-CallingPres", pres)).end(r)
        assert w.calls()[0].withheld is withheld


def test_an_analogue_line_sends_the_number_late():
    w = Wire()
    r = w.root("DAHDI/1-1", number="")
    r.number = "5125550142"
    w.add("NewCallerid", r, ("CID-CallingPres", "0 (Presentation Allowed, Not Screened)")).end(r)
    assert w.calls()[0].caller == "5125550142"


def test_channel_names_make_a_trunk_too_and_contexts_are_replaced():
    w = Wire()
    w.end(w.root(context="weird"), 17)
    assert w.calls() == []
    assert w.outcomes(Trunks(contexts=("weird",))) == ["busy"]
    assert w.outcomes(Trunks(contexts=(), names=("PJSIP/trunk-*",))) == ["busy"]


def test_user_events_and_the_message_left():
    w = Wire()
    r = w.root()
    w.add("UserEvent", r, ("UserEvent", "TextbackHandled"), ("By", "answering service"))
    leg = w.dial(r, "PJSIP/101-2")
    w.ring(leg).dial_end(r, leg, "NOANSWER").end(leg, 0).up(r)
    w.add("MessageWaiting", None, ("Mailbox", "101@default"), ("Waiting", 1), ("New", 3)).end(r)
    (record,) = w.calls()
    assert record.facts["handled"] == {"by": "answering service"}
    assert record.facts["voicemail_left"] is True
    assert judge(record).detail == "voicemail"


def test_calls_out_keep_number_and_answer():
    for string in ("07700900123@trunk", "trunk/07700900123", "PJSIP/07700900123@trunk", "g0/07700900123"):
        for answers in (True, False):
            w = Wire()
            desk = w.chan("PJSIP/101-1", state=RING, exten="907700900123")
            leg = w.chan("PJSIP/trunk-2", context="from-trunk", linked=desk)
            w.add("DialBegin", desk, *leg.headers("Dest"), ("DialString", string)).ring(leg)
            if answers:
                w.up(leg, desk).enter("b", leg, desk)
            w.end(leg).end(desk)
            records, out = w.replay().finish()
            assert records == []
            assert [(call.number, call.answered) for call in out] == [("07700900123", answers)]


def test_a_queue_that_retries_for_hours_stays_small_and_right():
    w = Wire()
    r = w.root()
    w.up(r)
    for n in range(1_000):
        leg = w.dial(r, f"PJSIP/10{n % 3}-{n:08x}")
        w.ring(leg).dial_end(r, leg, "NOANSWER").end(leg, 0)
    w.end(r)
    (record,) = w.calls()
    assert len(record.legs) <= 210
    assert w.verdict()[0] == "no_answer"


def test_the_one_phone_that_answered_stays_evidence_among_hundreds():
    w = Wire()
    r = w.root()
    w.up(r)
    agents = w.dial(r, *[f"PJSIP/{number}-1" for number in range(100, 220)])
    w.ring(*agents).up(agents[-1]).dial_end(r, agents[-1], "ANSWER").enter("b", agents[-1], r)
    for loser in agents[:-1]:
        w.dial_end(r, loser, "CANCEL").end(loser, 26)
    w.leave("b", agents[-1], r).end(agents[-1])  # sent on into another large queue, which nobody takes
    for again in range(2):
        others = w.dial(r, *[f"PJSIP/{number}-{again + 2}" for number in range(300, 420)])
        w.ring(*others)
        for loser in others:
            w.dial_end(r, loser, "NOANSWER").end(loser)
    w.end(r)
    assert w.outcomes() == ["answered"]
