"""The rules as properties: whatever the facts, nothing leaves that must not, and the table is whole."""

import ast
import inspect
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decision.support import LINE, MONDAY_10, ordinary
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.decision import document, judges, nudge, plan, rules
from textback_pbx.decision import facts as facts_module
from textback_pbx.decision.facts import ALLOWED, Facts
from textback_pbx.decision.nudge import NudgeFacts
from textback_pbx.decision.policy import Policy, QuietMode
from textback_pbx.decision.rules import Verdict

DOCS = Path(__file__).parents[2] / "docs" / "rules.md"

#: For each rule, what must differ from an ordinary missed call for it to speak. The test below needs one for each.
SPEAKS = {
    "answered": {"outcome": "answered"},
    "turned_away": {"outcome": "none"},
    "handled_elsewhere": {"handled_by": "the answering service"},
    "skip": {"skip": True},
    "withheld": {"withheld": True},
    "no_number": {"caller": None},
    "own_number": {"own_number": True},
    "answered_since": {"answered_since_ms": MONDAY_10},
    "called_back": {"called_back_ms": MONDAY_10},
    "wrote": {"wrote_ms": MONDAY_10},
    "staff_acted": {"staff_ms": MONDAY_10},
    "lost": {"outcome": "lost"},
    "restored": {"restored_ms": MONDAY_10},
    "recovered": {"source": "recovered", "confidence": "low"},
    "unknown_outcome": {"outcome": "sideways"},
    "clock": {"clock_trusted": False},
    "held": {"holds": ("disk",)},
    "line_off": {"situation": ""},
    "presentation": {"presentation_known": False},
    "number_class": {"number_kind": "premium"},
    "country": {"region": "GB"},
    "cannot_text": {"cannot_text": "refused"},
    "opted_out": {"opted_out": True},
    "consent": {"consent": "refused", "consent_why": "none on record"},
    "paused": {"automation_paused": True},
    "voicemail": {"voicemail_left": True},
    "switched_off": {"detail": "rejected", "policy": Policy(after_rejected=False)},
    "min_ring": {"ring_ms": 2_900},
    "too_late": {"ended_ms": MONDAY_10 - 16 * MINUTE_MS},
    "already_texted": {"texts_this_line": 1},
    "cap_number": {"sent_number_day": 2},
    "cap_prefix": {"sent_prefix_hour": 10},
    "cap_hour": {"sent_hour": 30},
    "cap_day": {"sent_day": 100},
    "breaker": {"breaker": "flood"},
    "no_text": {"has_text": False},
    "quiet_hours": {"waking": False, "policy": Policy(quiet_mode=QuietMode.SUPPRESS)},
    "text": {},
}


def test_every_rule_is_tried_and_named_once():
    names = [rule.name for rule in rules.RULES]
    assert len(set(names)) == len(names)
    assert set(SPEAKS) == set(names)
    assert all(rule.says.endswith((".", ")")) for rule in rules.RULES)


@pytest.mark.parametrize("name", SPEAKS)
def test_each_rule_speaks_for_its_facts_and_the_trace_leads_to_it(name):
    decision = rules.decide(ordinary(**SPEAKS[name]))
    assert decision.rule == name
    assert [step.rule for step in decision.trace] == [rule.name for rule in rules.RULES][: len(decision.trace)]
    assert decision.trace[-1].verdict == decision.verdict.value
    assert all(step.verdict == "pass" for step in decision.trace[:-1])
    assert decision.reason


@pytest.mark.parametrize("name", [n for n in SPEAKS if n != "text"])
def test_a_rule_that_speaks_cannot_be_outvoted(name):
    """With any one bad fact the verdict is no text, whatever the setting of quiet hours."""
    for mode in QuietMode:
        bad = SPEAKS[name]
        policy = replace(
            bad.get("policy", Policy()), quiet_mode=bad["policy"].quiet_mode if name == "quiet_hours" else mode
        )
        assert rules.decide(ordinary(**{**bad, "policy": policy})).verdict is not Verdict.TEXT


def pick(*values):
    return st.sampled_from(values)


COUNTS = pick(0, 0, 1, 2, 9, 10, 29, 30, 99, 100, 1000)
MOMENTS = pick(0, 0, MONDAY_10 - HOUR_MS, MONDAY_10 - 10_000, MONDAY_10, MONDAY_10 + DAY_MS)
ANY_FACTS = st.builds(
    ordinary,
    outcome=pick("no_answer", "busy", "not_reachable", "answered", "none", "lost", "", "later"),
    detail=pick("", "abandoned", "unattended", "rejected", "dialplan"),
    ended_ms=st.integers(MONDAY_10 - HOUR_MS, MONDAY_10 + HOUR_MS),
    due_ms=pick(0, MONDAY_10 - 60_000, MONDAY_10 + HOUR_MS, MONDAY_10 + 40 * HOUR_MS),
    ring_ms=pick(None, 0, 2_999, 3_000, 20_000),
    withheld=st.booleans(),
    caller=pick(None, "+15125550142", "+15125550142"),
    presentation_known=st.booleans(),
    voicemail_left=st.booleans(),
    handled_by=pick("", "ai"),
    skip=st.booleans(),
    number_kind=pick("mobile", "fixed", "fixed_or_mobile", "voip", "premium", "toll_free", "shared_cost", "other", ""),
    region=pick("US", "GB", ""),
    own_number=st.booleans(),
    cannot_text=pick("", "refused"),
    clock_trusted=st.booleans(),
    call_clock_trusted=st.booleans(),
    restored_ms=MOMENTS,
    source=pick("live", "adopted", "recovered"),
    confidence=pick("high", "low"),
    holds=pick((), (), ("disk",)),
    opted_out=pick(None, True, False, False),
    consent=pick(ALLOWED, "refused", "unknown", "", "maybe"),
    answered_since_ms=MOMENTS,
    called_back_ms=MOMENTS,
    wrote_ms=MOMENTS,
    staff_ms=MOMENTS,
    texts_this_line=COUNTS,
    sent_number_day=COUNTS,
    sent_prefix_hour=COUNTS,
    sent_hour=COUNTS,
    sent_day=COUNTS,
    breaker=pick("", "", "flood"),
    waking=st.booleans(),
    waking_from_ms=pick(None, MONDAY_10 + HOUR_MS, MONDAY_10 + 30 * HOUR_MS),
    automation_paused=st.booleans(),
    policy=st.builds(Policy, quiet_mode=pick(*QuietMode), landlines=st.booleans(), dry_run=st.booleans()),
)
NEARLY = st.dictionaries(st.sampled_from([n for n in SPEAKS if "policy" not in SPEAKS[n]]), st.booleans(), max_size=3)


def must_not_leave(f: Facts) -> bool:
    """Say it a second time, flat, without the table: what PRODUCT forbids."""
    p = f.policy
    quiet = not f.waking and not (p.quiet_mode is QuietMode.ANSWER_WITHIN and f.send_ms - f.ended_ms <= 600_000)
    return any(
        (
            f.withheld, f.caller is None, f.own_number, bool(f.cannot_text), bool(f.handled_by), f.skip,
            f.number_kind not in ("mobile", "fixed_or_mobile", "voip", *(("fixed",) if p.landlines else ())),
            f.region not in p.countries, f.opted_out is not False, f.consent != ALLOWED, not f.clock_trusted,
            not f.call_clock_trusted, bool(f.holds), f.outcome not in ("no_answer", "busy", "not_reachable"),
            f.now_ms - max(f.ended_ms, f.due_ms) > 900_000, f.texts_this_line > 0,
            f.sent_number_day >= p.per_number_day, f.ended_ms > f.now_ms + 120_000,
            f.sent_prefix_hour >= p.per_prefix_hour, f.sent_hour >= p.per_hour, f.sent_day >= p.per_day,
            f.source == "recovered" and f.confidence == "low", f.ended_ms <= f.restored_ms,
            bool(f.breaker), f.voicemail_left, f.automation_paused, not f.presentation_known,
            quiet and p.quiet_mode is QuietMode.SUPPRESS, quiet and f.waking_from_ms is None,
            any(at >= f.started_ms and at for at in (f.answered_since_ms, f.called_back_ms, f.wrote_ms, f.staff_ms)),
        )
    )  # fmt: skip


@pytest.mark.fault(19, 20, 39)
@settings(max_examples=400, deadline=None)
@given(facts=ANY_FACTS)
def test_no_facts_send_what_must_not_leave(facts):
    decision = rules.decide(facts)
    if must_not_leave(facts):
        assert decision.verdict is not Verdict.TEXT
    if decision.verdict is Verdict.TEXT:
        assert decision.not_before_ms in (facts.send_ms, facts.waking_from_ms)
        assert (
            facts.waking or decision.not_before_ms == facts.waking_from_ms or facts.send_ms - facts.ended_ms <= 600_000
        )
        assert decision.expires_ms > decision.not_before_ms - 900_000
    if decision.verdict is Verdict.NOTHING:
        assert not decision.urgent
    assert facts_module.from_json(facts.to_json()) == facts


@settings(max_examples=200, deadline=None)
@given(wanted=NEARLY)
def test_an_ordinary_call_with_a_few_faults_is_decided_by_the_first_of_them(wanted):
    changes = {}
    for name, on in wanted.items():
        changes |= SPEAKS[name] if on else {}
    facts = ordinary(**changes)
    decision = rules.decide(facts)
    if must_not_leave(facts):
        assert decision.verdict is not Verdict.TEXT
    elif not changes:
        assert decision.verdict is Verdict.TEXT


def test_quiet_hours_three_ways():
    late = {"waking": False, "waking_from_ms": MONDAY_10 + 9 * HOUR_MS}
    within = rules.decide(ordinary(**late))
    assert (within.verdict, within.not_before_ms) == (Verdict.TEXT, MONDAY_10)
    old = {**late, "ended_ms": MONDAY_10 - 11 * MINUTE_MS, "started_ms": MONDAY_10 - 12 * MINUTE_MS}
    held = rules.decide(ordinary(**old))
    assert (held.rule, held.not_before_ms) == ("quiet_hours", MONDAY_10 + 9 * HOUR_MS)
    assert held.expires_ms == held.not_before_ms + 15 * MINUTE_MS
    hold = rules.decide(ordinary(**late, policy=Policy(quiet_mode=QuietMode.HOLD)))
    assert hold.not_before_ms == MONDAY_10 + 9 * HOUR_MS
    too_long = rules.decide(
        ordinary(waking=False, waking_from_ms=MONDAY_10 + 17 * HOUR_MS, policy=Policy(quiet_mode=QuietMode.HOLD))
    )
    assert too_long.verdict is Verdict.TASK


def test_a_held_text_is_fresh_when_its_time_comes_and_not_after():
    then = MONDAY_10 + 9 * HOUR_MS
    at_dawn = ordinary(now_ms=then, send_ms=then, look=2, due_ms=then)
    assert rules.decide(at_dawn).verdict is Verdict.TEXT
    assert rules.decide(replace(at_dawn, now_ms=then + 16 * MINUTE_MS)).rule == "too_late"
    assert rules.decide(replace(at_dawn, due_ms=MONDAY_10 + 20 * HOUR_MS)).rule == "too_late"


def test_a_repeat_is_urgent_and_not_reachable_tells_the_admin():
    again = rules.decide(ordinary(previous_missed_ms=MONDAY_10 - 5 * MINUTE_MS, texts_this_line=1))
    assert (again.rule, again.urgent) == ("already_texted", True)
    assert not rules.decide(ordinary(previous_missed_ms=MONDAY_10 - 20 * MINUTE_MS, texts_this_line=1)).urgent
    assert "check phones" in rules.decide(ordinary(outcome="not_reachable", situation="not_reachable.open")).alert


def test_an_announced_consent_is_written_with_the_text():
    announced = ordinary(consent_policy="announced", consent_seq=0, heard_greeting=True)
    assert rules.decide(announced).record == "announced"
    assert rules.decide(replace(announced, consent_seq=7)).record == ""


def test_a_text_that_cannot_be_worded_is_a_task():
    line = replace(LINE, business="\u0436" * 60)
    made = plan.plan(ordinary(), line)
    assert made.message is None
    assert (made.decision.rule, made.decision.verdict) == ("wording", Verdict.TASK)
    assert made.decision.trace[-1].rule == "wording"


def test_the_defaults_of_facts_fail_closed():
    assert rules.decide(Facts(now_ms=MONDAY_10)).verdict is not Verdict.TEXT
    for part in fields(Facts):
        if part.name in ("clock_trusted", "opted_out", "consent", "number_kind", "region"):
            default = getattr(Facts(now_ms=0), part.name)
            assert rules.decide(ordinary(**{part.name: default})).verdict is Verdict.TASK


def test_the_documentations_tables_are_the_codes():
    text = DOCS.read_text(encoding="utf-8")
    assert text == document.page(), "run: python -m textback_pbx.decision.document > docs/rules.md"
    assert all(f"`{rule.name}`" in text for rule in (*rules.RULES, *nudge.RULES))


def test_rules_read_facts_only():
    tree = ast.parse(inspect.getsource(rules) + inspect.getsource(judges))
    called = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert not called & {"now", "time", "now_ms", "open", "execute"}


# the nudge -------------------------------------------------------------------------------------------------

HOPEFUL = NudgeFacts(
    call=ordinary(now_ms=MONDAY_10 + 3 * HOUR_MS, policy=Policy(nudge=True)),
    sent_ms=MONDAY_10,
    delivered=True,
    on_its_way=False,
    nudged=False,
    recorded=True,
    waking=True,
    waking_from_ms=MONDAY_10 + 3 * HOUR_MS,
)


def test_a_nudge_leaves_once_when_its_time_has_come():
    assert nudge.plan(HOPEFUL)[:3] == (MONDAY_10 + 3 * HOUR_MS, "nudge", "nothing came back")
    early = replace(HOPEFUL, call=replace(HOPEFUL.call, now_ms=MONDAY_10 + HOUR_MS))
    assert nudge.plan(early)[:2] == (MONDAY_10 + 3 * HOUR_MS, "wait")
    asleep = replace(HOPEFUL, waking=False, waking_from_ms=MONDAY_10 + 12 * HOUR_MS)
    assert nudge.plan(asleep)[:2] == (MONDAY_10 + 12 * HOUR_MS, "quiet_hours")
    assert nudge.plan(replace(asleep, waking_from_ms=MONDAY_10 + 25 * HOUR_MS)).due_ms == 0


#: What must differ for each rule to speak: in the nudge's own facts (a callable), or in its call's.
BARS = {
    "restored": {"restored_ms": MONDAY_10 + HOUR_MS},
    "nudged": lambda n: replace(n, nudged=True),
    "not_sent": lambda n: replace(n, delivered=False),
    "on_its_way": lambda n: replace(n, delivered=False, on_its_way=True),
    "called_again": lambda n: replace(n, called_again_ms=MONDAY_10 + HOUR_MS),
    "called_out": lambda n: replace(n, called_out_ms=MONDAY_10 + HOUR_MS),
    "line_off": {"situation": ""},
    "number_class": {"number_kind": "premium"},
    "off": {"policy": Policy()},
    "dry_run": {"policy": Policy(nudge=True, dry_run=True)},
    "wrote": {"wrote_ms": MONDAY_10 + HOUR_MS},
    "answered_since": {"answered_since_ms": MONDAY_10 + HOUR_MS},
    "called_back": {"called_back_ms": MONDAY_10 + HOUR_MS},
    "staff_acted": {"staff_ms": MONDAY_10 + HOUR_MS},
    "clock": {"clock_trusted": False},
    "held": {"holds": ("disk",)},
    "opted_out": {"opted_out": None},
    "consent": {"consent": "refused"},
    "paused": {"automation_paused": True},
    "cannot_text": {"cannot_text": "x"},
    "breaker": {"breaker": "flood"},
    "caps": {"sent_number_day": 2},
    "too_late": {"now_ms": MONDAY_10 + 25 * HOUR_MS},
}


@pytest.mark.parametrize("name", [rule.name for rule in nudge.RULES])
def test_everything_ends_a_nudge(name):
    changes = BARS[name]
    facts = changes(HOPEFUL) if callable(changes) else replace(HOPEFUL, call=replace(HOPEFUL.call, **changes))
    planned = nudge.plan(facts)
    assert planned[:2] == (0, name)
    assert planned.waits == (name in nudge.PASSING)
    assert [step.rule for step in planned.trace] == [r.name for r in nudge.RULES][: len(planned.trace)]


def test_one_reply_does_not_cover_a_nudge():
    assert nudge.plan(replace(HOPEFUL, recorded=False)).rule == "consent"
