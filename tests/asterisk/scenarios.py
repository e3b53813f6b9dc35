"""The bench's scenarios: what happens, and what a person at the office would call it.

One row is one scenario: name, what happens, who calls (by default +1 512 555 0142, one call to `dials`), what each desk's
phone does, what else people in the office do, and the outcome. The arrangements behind the dialled numbers are in
config/extensions.conf. A desk that is not mentioned rings out; key 0 is the mobile network behind the trunk.
"""

# ruff: noqa: E501 -- a row of the table is one line where it can be

from dataclasses import dataclass, field

from tests.asterisk.people import (
    COMPLETED_ELSEWHERE,
    SUBSCRIBER_ABSENT,
    Behaviour,
    Doing,
    answers,
    asks_then_transfers_to,
    click_to_call,
    command,
    dead,
    dials,
    early_media,
    gives_up,
    holds,
    in_turn,
    moved_to,
    presses,
    refuses,
    registers,
    rings,
    talks,
    then_dials,
    transfers_to,
    waits,
)

MOBILE = 0
CUSTOMER = "+15125550142"
OTHER_CUSTOMER = "+447700900123"
WITHHELD = (("P-Asserted-Identity", f"<sip:{CUSTOMER}@carrier.invalid>"), ("Privacy", "id"))
ANONYMOUS = "sip:anonymous@anonymous.invalid"
HOSTILE_NAME = r"x\r\nAction: Originate\r\nChannel: PJSIP/trunk {{7*7}} ';DROP"


@dataclass(frozen=True, slots=True)
class Expected:
    """The outcome of CALLS.md's table, and its detail where a person would give one."""

    outcome: str
    detail: str = ""


ANSWERED = Expected("answered")
ELSEWHERE = Expected("answered", "elsewhere")
TIMEOUT = Expected("no_answer", "timeout")
ABANDONED = Expected("no_answer", "abandoned")
VOICEMAIL = Expected("no_answer", "voicemail")
IVR = Expected("no_answer", "ivr")
NO_ANSWER = Expected("no_answer")
UNATTENDED = Expected("no_answer", "unattended")
BUSY = Expected("busy")
REJECTED = Expected("busy", "rejected")
DIALPLAN_BUSY = Expected("busy", "dialplan")
NOT_REACHABLE = Expected("not_reachable")
BLOCKED = Expected("none", "blocked")


@dataclass(frozen=True, slots=True)
class Caller:
    """One call from outside. `expected` None: this caller is not judged. `shown` replaces the From address."""

    dials: str
    does: Behaviour
    expected: Expected | None
    number: str = CUSTOMER
    after: float = 0.0
    name: str = ""
    shown: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    withheld: bool = False
    old_driver: bool = False
    iax: float = 0.0  # comes in over an IAX2 trunk, and stays on the line for at most so many seconds


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table. `versions` are the Asterisk versions that can play it."""

    name: str
    what: str
    callers: tuple[Caller, ...]
    phones: dict[int, Behaviour] = field(default_factory=dict)
    office: tuple[Doing, ...] = ()
    before: tuple[Doing, ...] = ()
    after: tuple[Doing, ...] = ()
    versions: tuple[int, ...] = (16, 22)


def call(dials: str, expected: Expected, does: Behaviour | None = None, **more: object) -> tuple[Caller, ...]:
    """One customer, who stays on the line until it is over."""
    return (Caller(dials, does or waits(), expected, **more),)  # type: ignore[arg-type]


def all_desks(behaviour: Behaviour) -> dict[int, Behaviour]:
    """The four desks do the same."""
    return dict.fromkeys((101, 102, 103, 104), behaviour)


# fmt: off
ONE_DESK = (
    Scenario("rings_out", "the desk rings out", call("5001", TIMEOUT)),
    Scenario("answered", "the desk answers and they talk", call("5001", ANSWERED, talks()), {101: answers()}),
    Scenario("answered_office_hangs_up", "the desk answers and hangs up first", call("5001", ANSWERED), {101: answers(talk=0.4)}),
    Scenario("answered_for_a_moment", "a very short call is still a call", call("5001", ANSWERED, talks(0.05)), {101: answers()}),
    Scenario("held_and_resumed", "the desk answers and puts the caller on hold", call("5001", ANSWERED, talks(1.0)),
             {101: answers(then=holds())}),
    Scenario("caller_gives_up", "the caller hangs up while it rings", call("5001", ABANDONED, gives_up(1.0))),
    Scenario("caller_gives_up_at_once", "the caller hangs up after a moment", call("5001", ABANDONED, gives_up(0.3))),
    Scenario("busy_486", "the desk is on the phone", call("5001", BUSY), {101: refuses(486)}),
    Scenario("busy_600", "the desk says busy everywhere", call("5001", BUSY), {101: refuses(600)}),
    Scenario("rejected_by_button_486", "somebody presses reject, the phone says 486", call("5001", BUSY), {101: refuses(486, after=0.5)}),
    Scenario("declined_603", "somebody presses decline", call("5001", REJECTED), {101: refuses(603, after=0.5)}),
    Scenario("unavailable_480", "the phone says temporarily unavailable", call("5001", NOT_REACHABLE), {101: refuses(480)}),
    Scenario("dnd_480_after_ring", "the phone rang, then says temporarily unavailable", call("5001", NO_ANSWER),
             {101: refuses(480, after=0.4)}),
    Scenario("error_503", "the phone says service unavailable", call("5001", NOT_REACHABLE), {101: refuses(503)}),
    Scenario("not_found_404", "the phone knows no such user", call("5001", NOT_REACHABLE), {101: refuses(404)}),
    Scenario("unplugged", "the phone has no power: nothing answers", call("5001", NOT_REACHABLE), {101: dead()}),
    Scenario("never_registered", "the desk never registered", call("5005", NOT_REACHABLE)),
    Scenario("registered_rings_out", "a desk that registers rings out", call("5006", TIMEOUT),
             before=(registers(106, leaves=False),), after=(registers(106, leaves=True),)),
    Scenario("logged_out", "the desk has logged out", call("5006", NOT_REACHABLE), before=(registers(106, leaves=True),)),
    Scenario("music_while_ringing", "music instead of ringing, nobody answers", call("5021", TIMEOUT)),
    Scenario("dnd_on_phone", "do not disturb is set at the phone", call("5001", BUSY), {101: refuses(486)}),
    Scenario("dnd_in_pbx", "do not disturb is set in the PBX for desk 103", call("5026", DIALPLAN_BUSY),
             before=(command("database put DND 103 YES"),), after=(command("database del DND 103"),)),
    Scenario("busy_then_tried_again", "the dialplan tries a busy desk three times", call("5046", BUSY), {101: refuses(486)}),
    Scenario("carrier_cancel_cause_26", "the carrier connected the call elsewhere",
             call("5001", ELSEWHERE, gives_up(1.0, COMPLETED_ELSEWHERE))),
    Scenario("rings_then_dialplan_cause_17", "rings out, then the dialplan hangs up with cause 17", call("5023", TIMEOUT)),
)

GROUPS = (
    Scenario("group_rings_out", "a ring group, nobody answers", call("5002", TIMEOUT)),
    Scenario("group_given_up", "a ring group, the caller gives up", call("5002", ABANDONED, gives_up(1.0))),
    Scenario("group_one_answers", "one of the group answers", call("5002", ANSWERED, talks()), {102: answers()}),
    Scenario("group_all_busy", "all of the group are on the phone", call("5002", BUSY), all_desks(refuses(486))),
    Scenario("group_all_dead", "no phone of the group has power", call("5002", NOT_REACHABLE), all_desks(dead())),
    Scenario("group_busy_busy_rings", "two are busy, the third rings out", call("5002", TIMEOUT),
             {101: refuses(486), 102: refuses(486)}),
    Scenario("group_declined_then_answered", "one declines, another answers", call("5002", ANSWERED, talks()),
             {101: refuses(603, after=0.2), 103: answers(after=0.6)}),
    Scenario("group_dead_and_busy", "one is busy, the others have no power", call("5002", BUSY),
             {101: refuses(486), 102: dead(), 103: dead()}),
    Scenario("groups_ring_out", "a ring group of ring groups, nobody answers", call("5025", TIMEOUT)),
    Scenario("groups_one_answers", "a ring group of ring groups, one desk answers", call("5025", ANSWERED, talks()), {104: answers()}),
    Scenario("groups_all_busy", "a ring group of ring groups, all on the phone", call("5025", BUSY), all_desks(refuses(486))),
    Scenario("hunt_second_answers", "the first is busy, the second answers", call("5004", ANSWERED, talks()),
             {101: refuses(486), 102: answers()}),
    Scenario("hunt_both_busy", "both are busy, one after the other", call("5004", BUSY), all_desks(refuses(486))),
    Scenario("hunt_both_ring_out", "both ring out, one after the other", call("5004", TIMEOUT)),
    Scenario("hunt_busy_then_unplugged", "the first is busy, the second has no power", call("5004", BUSY),
             {101: refuses(486), 102: dead()}),
    Scenario("page_nobody_joins", "a page to two desks that nobody takes", call("5029", NO_ANSWER, gives_up(3.0))),
)

QUEUES = (
    Scenario("queue_timeout", "the queue's time is up", call("5008", NO_ANSWER)),
    Scenario("queue_abandoned", "the caller leaves the queue", call("5008", NO_ANSWER, gives_up(1.5))),
    Scenario("queue_answered", "an agent of the queue answers", call("5008", ANSWERED, talks(1.0)), {102: answers()}),
    Scenario("queue_empty", "the queue has no agents", call("5009", NOT_REACHABLE)),
    Scenario("queue_all_busy", "every agent is on the phone until the time is up", call("5008", BUSY), all_desks(refuses(486))),
    Scenario("queue_second_round_answered", "busy in the first round, answered in the second", call("5008", ANSWERED, talks(2.5)),
             {101: in_turn(refuses(486), answers()), 102: refuses(486)}),
    Scenario("queue_locals_answered", "agents behind Local channels, one answers", call("5018", ANSWERED, talks(1.0)), {102: answers()}),
    Scenario("queue_linear_ring_out", "agents one after the other, nobody answers", call("5031", NO_ANSWER)),
    Scenario("queue_into_voicemail", "the queue's time is up, the caller leaves a message", call("5030", VOICEMAIL, talks(1.2))),
)

MACHINES = (
    Scenario("voicemail_message", "nobody answers, the caller leaves a message", call("5003", VOICEMAIL, talks(1.5))),
    Scenario("voicemail_greeting_hangup", "nobody answers, the caller hangs up in the greeting", call("5020", NO_ANSWER, talks(0.4))),
    Scenario("voicemail_busy_message", "the desk is busy, the caller leaves a message", call("5003", BUSY, talks(1.2)), {101: refuses(486)}),
    Scenario("voicemail_at_once", "straight to voicemail, nobody is rung", call("5040", UNATTENDED, talks(1.0))),
    Scenario("ivr_abandoned", "the caller hangs up inside the menu", call("5007", UNATTENDED, talks(0.5))),
    Scenario("ivr_no_choice", "the caller presses nothing", call("5007", UNATTENDED)),
    Scenario("ivr_then_busy", "the menu, then a busy desk", call("5007", BUSY, talks(3.0, presses("1"))), {101: refuses(486)}),
    Scenario("ivr_then_rings_out", "the menu, then the desk rings out", call("5007", IVR, talks(4.0, presses("1")))),
    Scenario("ivr_then_answered", "the menu, then the desk answers", call("5007", ANSWERED, talks(1.5, presses("1"))), {101: answers()}),
    Scenario("announcement_only", "closed: the caller hears a message", call("5012", UNATTENDED)),
    Scenario("announcement_early_media", "a message before the call is answered", call("5032", NOT_REACHABLE)),
    Scenario("nothing_happens", "the dialplan does nothing until the caller leaves", call("5039", UNATTENDED, gives_up(0.8))),
    Scenario("conference_alone", "a conference nobody else joins", call("5028", UNATTENDED, talks(0.8))),
    Scenario("rejected_cause_21", "the dialplan turns the caller away", call("5013", BLOCKED)),
    Scenario("dialplan_busy", "the dialplan says busy", call("5033", DIALPLAN_BUSY)),
    Scenario("dialplan_congestion", "the dialplan says congestion", call("5014", NOT_REACHABLE)),
    Scenario("consent_then_rings_out", "the caller presses 1 to be texted, the desk rings out",
             call("5022", IVR, talks(5.0, presses("1")))),
    Scenario("consent_refused_then_rings_out", "the caller does not press 1, the desk rings out", call("5022", IVR)),
    Scenario("handled_by_service", "the desk rings out, an answering service says it took the call", call("5037", NO_ANSWER)),
    Scenario("skip_rings_out", "the dialplan says no text for this call", call("5038", TIMEOUT)),
)

MOVED = (
    Scenario("pickup_group", "102 dials *8 while 101 rings", call("5001", ANSWERED, talks(1.2)), office=(dials(102, "*8", when_rings=101),)),
    Scenario("pickup_directed", "104 dials **101 while 101 rings", call("5001", ANSWERED, talks(1.2)),
             office=(dials(104, "**101", when_rings=101),)),
    Scenario("pickup_from_group", "104 picks up a ringing ring group", call("5002", ANSWERED, talks(1.2)),
             office=(dials(104, "*8", when_rings=101),)),
    Scenario("blind_transfer_answered", "sent on to 102, who answers", call("5015", ANSWERED, talks(1.5)),
             {101: answers(then=transfers_to("102")), 102: answers()}),
    Scenario("blind_transfer_rings_out", "a person answered and sent it on; 102 rings out", call("5015", ANSWERED),
             {101: answers(then=transfers_to("102"))}),
    Scenario("blind_transfer_by_code", "sent on to 102 with #1", call("5015", ANSWERED, talks(3.0)),
             {101: answers(then=presses("#", "1", "1", "0", "2")), 102: answers()}),
    Scenario("attended_transfer", "101 asks 102, then joins the two", call("5015", ANSWERED, talks(2.0)),
             {101: answers(then=asks_then_transfers_to("102")), 102: answers()}),
    Scenario("attended_transfer_refused", "101 asks 102, who is busy; 101 goes on", call("5015", ANSWERED, talks(1.5)),
             {101: answers(then=asks_then_transfers_to("102")), 102: refuses(486)}),
    Scenario("attended_transfer_by_code", "101 presses *2 and asks 102, then hangs up", call("5015", ANSWERED, talks(5.0)),
             {101: answers(talk=2.0, then=presses("*", "2", "1", "0", "2")), 102: answers()}),
    Scenario("parked_comes_back", "a person parked the call; nobody fetched it; it comes back and rings out", call("5024", ANSWERED),
             {101: in_turn(answers(then=presses("#", "7", "2")), rings())}),
    Scenario("parked_and_fetched", "a person parked the call, 102 fetches it", call("5024", ANSWERED, talks(3.5)),
             {101: answers(then=presses("#", "7", "2"))}, office=(then_dials(102, "701", after=2.2, caller=talks(0.6)),)),
    Scenario("moved_302_answered", "the phone forwards to 102, who answers", call("5001", ANSWERED, talks()), {101: moved_to(102), 102: answers()}),
    Scenario("moved_302_rings_out", "the phone forwards to 102, which rings out", call("5001", TIMEOUT), {101: moved_to(102)}),
    Scenario("moved_302_to_busy_mobile", "the phone forwards to a mobile that is busy", call("5001", BUSY),
             {101: moved_to("07700900123"), MOBILE: refuses(486)}),
    Scenario("moved_302_to_mobile_answered", "the phone forwards to a mobile, which answers", call("5001", ANSWERED, talks()),
             {101: moved_to("07700900123"), MOBILE: answers()}),
    Scenario("mobile_answers", "sent to the owner's mobile, who answers", call("5016", ANSWERED, talks()), {MOBILE: answers()}),
    Scenario("mobile_rings_out", "sent to the owner's mobile, which rings out", call("5016", TIMEOUT)),
    Scenario("mobile_busy", "sent to the owner's mobile, which is busy", call("5016", BUSY), {MOBILE: refuses(486)}),
    Scenario("busy_desk_then_busy_mobile", "busy desk, forwarded to a mobile that is busy too", call("5027", BUSY),
             {101: refuses(486), MOBILE: refuses(486, after=0.5)}),
    # Asterisk 22 does not read the Reason header of a refusal: there this is the next row.
    Scenario("mobile_off_announcement", "the mobile is off: the network says so and gives the cause", call("5016", NOT_REACHABLE),
             {MOBILE: early_media(480, reason=SUBSCRIBER_ABSENT)}, versions=(16,)),
    Scenario("mobile_announcement_480", "the network plays something, then 480: to the PBX it may have been ringing", call("5016", NO_ANSWER),
             {MOBILE: early_media(480)}),
    Scenario("desk_and_mobile_mobile_answers", "desk and mobile at once, the mobile answers", call("5044", ANSWERED, talks()), {MOBILE: answers()}),
    Scenario("desk_mobile_voicemail", "desk rings out, mobile rings out, a message is left", call("5045", VOICEMAIL, talks(1.2))),
    Scenario("confirm_accepted", "the mobile answers and presses 1", call("5017", ANSWERED, talks(0.6)), {MOBILE: answers(then=presses("1"))}),
    Scenario("confirm_not_pressed", "the mobile's voicemail answers and presses nothing", call("5017", TIMEOUT), {MOBILE: answers()}),
    Scenario("confirm_desk_not_pressed", "the phone is up, nobody presses 1", call("5019", TIMEOUT), {101: answers()}),
    Scenario("confirm_caller_leaves", "the caller gives up while the prompt plays", call("5019", NO_ANSWER, gives_up(1.2)), {101: answers()}),
    Scenario("confirm_macro_not_pressed", "the same by a macro", call("5034", TIMEOUT), {101: answers()}, versions=(16,)),
    Scenario("confirm_macro_accepted", "a macro, 1 is pressed", call("5034", ANSWERED, talks(0.6)), {101: answers(then=presses("1"))},
             versions=(16,)),
    Scenario("confirm_goto_not_pressed", "both sides sent elsewhere, nobody presses 1", call("5035", TIMEOUT, talks(2.5)), {101: answers()}),
    Scenario("confirm_goto_accepted", "both sides sent elsewhere, 1 is pressed", call("5035", ANSWERED, talks(2.0)),
             {101: answers(then=presses("1"))}),
    Scenario("followme_accepted", "the FollowMe application, 1 is pressed", call("5036", ANSWERED, talks(3.0)), {101: answers(then=presses("1", after=1.0))}),
    Scenario("followme_not_answered", "the FollowMe application, nobody answers", call("5036", NO_ANSWER)),
    Scenario("followme_locals_answered", "follow-me through Local channels, the second answers", call("5010", ANSWERED, talks()), {102: answers()}),
    Scenario("followme_local_optimised", "a Local channel that is optimised away", call("5011", ANSWERED, talks(0.8)), {101: answers()}),
)

NO_CUSTOMER = (
    Scenario("internal_missed", "desk to desk is no customer call", (), office=(dials(102, "101", caller=gives_up(1.0)),)),
    Scenario("internal_answered", "desk to desk, answered", (), {101: answers()}, office=(dials(102, "101"),)),
    Scenario("outbound_rings_out", "we call a customer, who does not answer", (), office=(dials(101, "07700900123", caller=gives_up(1.2)),)),
    Scenario("outbound_answered", "we call a customer, who answers", (), {MOBILE: answers()}, office=(dials(101, "07700900123"),)),
    Scenario("click_to_call_answered", "the address book rings the desk, then the customer", (), {101: answers(talk=1.0), MOBILE: answers()},
             office=(click_to_call(101, "07700900123"),)),
    Scenario("click_to_call_desk_rings_out", "the address book rings the desk, which nobody takes", (), {101: refuses(480, after=0.5)},
             office=(click_to_call(101, "07700900123"),)),
)

CALLERS = (
    Scenario("withheld_with_identity", "number withheld; the trunk shows it all the same (P-Asserted-Identity)",
             call("5001", TIMEOUT, headers=WITHHELD, shown=ANONYMOUS, name="Anonymous", withheld=True)),
    Scenario("withheld_without_identity", "number withheld, and the trunk does not show it",
             call("5001", TIMEOUT, number="anonymous", shown=ANONYMOUS, name="Anonymous", withheld=True)),
    Scenario("hostile_name", "the caller's name tries to inject a header", call("5001", TIMEOUT, name=HOSTILE_NAME)),
    Scenario("emoji_name", "the caller's name is not ASCII", call("5001", TIMEOUT, name="José 🐕 Ünal")),
    Scenario("two_callers", "two customers at once, one desk rings out for both", (
        Caller("5001", waits(), TIMEOUT, "+15125550111"),
        Caller("5001", waits(), TIMEOUT, "+15125550122", after=0.2))),
    Scenario("two_callers_one_answered", "two customers at once, the first is answered and the second hears busy", (
        Caller("5001", talks(1.0), ANSWERED, "+15125550111"),
        Caller("5001", waits(), BUSY, "+15125550122", after=0.5)), {101: in_turn(answers(), refuses(486))}),
    Scenario("five_callers", "five customers at once: answered, busy, out of time, gone, no phone", (
        Caller("5001", talks(0.8), ANSWERED, "+15125550111"),
        Caller("5004", waits(), BUSY, "+15125550122", after=0.3),
        Caller("5001", waits(), TIMEOUT, "+15125550133", after=0.6),
        Caller("5001", gives_up(0.8), ABANDONED, "+15125550144", after=0.8),
        Caller("5005", waits(), NOT_REACHABLE, "+15125550155", after=0.9)),
        {101: in_turn(answers(), refuses(486), rings()), 102: refuses(486)}),
    Scenario("redial_answered", "missed, then the same customer is answered on the second try", (
        Caller("5001", gives_up(0.8), ABANDONED),
        Caller("5001", talks(), ANSWERED, after=1.5)), {101: in_turn(rings(), answers())}),
    Scenario("missed_then_called_back", "missed, then the office calls back and talks",
             call("5001", ABANDONED, gives_up(0.8), number="07700900123"), {MOBILE: answers()},
             office=(then_dials(102, "07700900123", after=1.5),)),
)

OLD_DRIVERS = (
    Scenario("chan_sip_rings_out", "a desk on chan_sip rings out", call("5041", TIMEOUT, old_driver=True), versions=(16,)),
    Scenario("chan_sip_answered", "a desk on chan_sip answers", call("5041", ANSWERED, talks(), old_driver=True), {201: answers()}, versions=(16,)),
    Scenario("chan_sip_busy", "a desk on chan_sip is busy", call("5041", BUSY, old_driver=True), {201: refuses(486)}, versions=(16,)),
    Scenario("chan_sip_declined", "a desk on chan_sip declines", call("5041", REJECTED, old_driver=True), {201: refuses(603, after=0.4)}, versions=(16,)),
    Scenario("chan_sip_480", "a desk on chan_sip is unavailable", call("5041", NOT_REACHABLE, old_driver=True), {201: refuses(480)}, versions=(16,)),
    Scenario("chan_sip_unplugged", "a desk on chan_sip has no power", call("5041", NOT_REACHABLE, old_driver=True), {201: dead()}, versions=(16,)),
    Scenario("chan_sip_group_answered", "a group on chan_sip, one answers", call("5042", ANSWERED, talks(), old_driver=True), {202: answers()},
             versions=(16,)),
    Scenario("chan_sip_given_up", "the caller gives up", call("5041", ABANDONED, gives_up(1.0), old_driver=True), versions=(16,)),
    Scenario("iax2_trunk_rings_out", "a call over an IAX2 trunk rings out", call("5001", TIMEOUT, iax=8.0)),
    Scenario("iax2_trunk_answered", "a call over an IAX2 trunk is answered", call("5001", ANSWERED, iax=1.0), {101: answers()}),
    Scenario("iax2_trunk_busy", "a call over an IAX2 trunk, the desk is on the phone", call("5001", BUSY, iax=8.0), {101: refuses(486)}),
    Scenario("iax2_trunk_given_up", "a call over an IAX2 trunk, the caller hangs up", call("5001", ABANDONED, iax=1.0)),
    Scenario("iax2_trunk_no_phone", "a call over an IAX2 trunk to a desk that never registered", call("5005", NOT_REACHABLE, iax=8.0)),
    Scenario("iax2_trunk_group_answered", "a call over an IAX2 trunk to a ring group, one answers", call("5002", ANSWERED, iax=1.0),
             {102: answers()}),
    Scenario("iax2_never_registered", "an IAX2 phone that never registered", call("5043", NOT_REACHABLE)),
)
# fmt: on

SCENARIOS = (*ONE_DESK, *GROUPS, *QUEUES, *MACHINES, *MOVED, *NO_CUSTOMER, *CALLERS, *OLD_DRIVERS)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def for_version(major: int) -> tuple[Scenario, ...]:
    """The rows this Asterisk version can play."""
    return tuple(scenario for scenario in SCENARIOS if major in scenario.versions)
