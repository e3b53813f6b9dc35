"""What each rule of the table looks at: one small function a rule, each reads frozen facts and passes or rules. Pure.

``rules`` puts them in order and says what each means; nothing else calls them.
"""

from textback_pbx.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from textback_pbx.decision.facts import ALLOWED, Facts, age_ms, is_repeat, too_old
from textback_pbx.decision.policy import QuietMode
from textback_pbx.decision.verdict import Ruling, Verdict

#: A call that ended further in the future than this comes from a clock that is wrong.
_SKEW_MS = 2 * MINUTE_MS
MISSED = ("no_answer", "busy", "not_reachable")
#: Classes of numbers that may take a text; landlines only by setting.
TEXTABLE = ("mobile", "fixed_or_mobile", "voip")


def _unless(bad: bool, verdict: Verdict, why: str, *, fine: str = "", alert: str = "") -> Ruling:
    return Ruling(verdict, why, alert=alert) if bad else Ruling(None, fine)


def answered(f: Facts) -> Ruling:
    """Judge the rule ``answered``."""
    return _unless(f.outcome == "answered", Verdict.NOTHING, f"the call was answered ({f.detail or 'by a person'})")


def turned_away(f: Facts) -> Ruling:
    """Judge the rule ``turned_away``."""
    return _unless(f.outcome == "none", Verdict.NOTHING, "the dialplan turned the caller away on purpose")


def handled_elsewhere(f: Facts) -> Ruling:
    """Judge the rule ``handled_elsewhere``."""
    return _unless(bool(f.handled_by), Verdict.NOTHING, f"{f.handled_by} says that it took care of the caller")


def skip(f: Facts) -> Ruling:
    """Judge the rule ``skip``."""
    return _unless(f.skip, Verdict.NOTHING, "the dialplan asked for no text")


def withheld(f: Facts) -> Ruling:
    """Judge the rule ``withheld``."""
    return _unless(f.withheld, Verdict.NOTHING, "the caller withheld the number: nobody to text, nobody to call back")


def no_number(f: Facts) -> Ruling:
    """Judge the rule ``no_number``."""
    return _unless(f.caller is None, Verdict.NOTHING, "the trunk gave no number that could be called back")


def own_number(f: Facts) -> Ruling:
    """Judge the rule ``own_number``."""
    return _unless(f.own_number, Verdict.NOTHING, "the number is one of the office's own")


def lost(f: Facts) -> Ruling:
    """Judge the rule ``lost``."""
    return _unless(f.outcome == "lost", Verdict.TASK, "how the call ended was not heard: nobody is texted on a guess")


def restored(f: Facts) -> Ruling:
    """Judge the rule ``restored``."""
    bad = f.ended_ms <= f.restored_ms
    why = "the call ended before the database was restored from a backup: it may have been answered already"
    return _unless(bad, Verdict.TASK, why)


def recovered(f: Facts) -> Ruling:
    """Judge the rule ``recovered``."""
    bad = f.source == "recovered" and f.confidence != "high"
    why = "known from Asterisk's call records only, which leave doubt: nobody is texted on a guess"
    return _unless(bad, Verdict.TASK, why)


def unknown_outcome(f: Facts) -> Ruling:
    """Judge the rule ``unknown_outcome``."""
    return _unless(f.outcome not in MISSED, Verdict.TASK, f"unknown outcome {f.outcome!r}", fine=f.outcome)


def answered_since(f: Facts) -> Ruling:
    """Judge the rule ``answered_since``."""
    return _unless(_since(f, f.answered_since_ms), Verdict.NOTHING, "the person called again and was answered")


def called_back(f: Facts) -> Ruling:
    """Judge the rule ``called_back``."""
    return _unless(_since(f, f.called_back_ms), Verdict.NOTHING, "the office called back and reached the person")


def wrote(f: Facts) -> Ruling:
    """Judge the rule ``wrote``."""
    return _unless(
        _since(f, f.wrote_ms), Verdict.NOTHING, "the person has written to us since: the thread goes on there"
    )


def staff_acted(f: Facts) -> Ruling:
    """Judge the rule ``staff_acted``."""
    return _unless(_since(f, f.staff_ms), Verdict.NOTHING, "somebody in the office has dealt with it since")


def _since(f: Facts, at_ms: int) -> bool:
    return at_ms > 0 and at_ms >= f.started_ms


def clock(f: Facts) -> Ruling:
    """Judge the rule ``clock``."""
    bad = not f.clock_trusted or not f.call_clock_trusted or f.ended_ms > f.now_ms + _SKEW_MS
    return _unless(bad, Verdict.TASK, "the clock was not trusted: hours and limits cannot be judged")


def held(f: Facts) -> Ruling:
    """Judge the rule ``held``."""
    return _unless(bool(f.holds), Verdict.TASK, f"sending is held: {', '.join(f.holds)}")


def line_off(f: Facts) -> Ruling:
    """Judge the rule ``line_off``."""
    return _unless(f.situation == "", Verdict.TASK, "this line does not answer with texts")


def presentation(f: Facts) -> Ruling:
    """Judge the rule ``presentation``."""
    bad = not f.presentation_known and not f.policy.without_presentation
    why = "whether the number was withheld cannot be seen (manager.conf: channelvars = CALLERID(pres))"
    return _unless(bad, Verdict.TASK, why)


def kind(f: Facts) -> Ruling:
    """Judge the rule ``number_class``."""
    fine = f.number_kind in TEXTABLE or (f.number_kind == "fixed" and f.policy.landlines)
    return _unless(
        not fine, Verdict.TASK, f"a number of class {f.number_kind or 'unknown'} is not texted", fine=f.number_kind
    )


def country(f: Facts) -> Ruling:
    """Judge the rule ``country``."""
    bad = f.region not in f.policy.countries
    return _unless(bad, Verdict.TASK, f"country {f.region or 'unknown'} is not on the list", fine=f.region)


def cannot_text(f: Facts) -> Ruling:
    """Judge the rule ``cannot_text``."""
    return _unless(bool(f.cannot_text), Verdict.TASK, f"this number cannot take texts: {f.cannot_text}")


def opted_out(f: Facts) -> Ruling:
    """Judge the rule ``opted_out``."""
    if f.opted_out is None:
        return Ruling(Verdict.TASK, "whether the person opted out could not be read")
    return _unless(f.opted_out, Verdict.TASK, "the person asked for no texts")


def consent(f: Facts) -> Ruling:
    """Judge the rule ``consent``."""
    return _unless(f.consent != ALLOWED, Verdict.TASK, f.consent_why, fine=f"{f.consent_policy}: {f.consent_why}")


def paused(f: Facts) -> Ruling:
    """Judge the rule ``paused``."""
    return _unless(f.automation_paused, Verdict.TASK, "automation is paused in this thread until a person looks")


def voicemail(f: Facts) -> Ruling:
    """Judge the rule ``voicemail``."""
    bad = f.voicemail_left and not f.policy.after_voicemail
    return _unless(bad, Verdict.TASK, "the caller left a voicemail: somebody has to listen to it")


def switched_off(f: Facts) -> Ruling:
    """Judge the rule ``switched_off``."""
    p = f.policy
    switches = (
        (f.detail == "unattended" and not p.after_unattended, "a call nobody was to answer (unattended)"),
        (f.detail == "rejected" and not p.after_rejected, "a rejected call"),
        (f.detail == "dialplan" and not p.after_dialplan_busy, "a busy tone from the dialplan"),
        (f.outcome == "not_reachable" and not p.after_not_reachable, "a call that could reach no phone"),
        (f.open_now and not p.when_open, "a call in opening hours"),
        (not f.open_now and not p.when_closed, "a call outside opening hours"),
    )
    why = next((what for off, what in switches if off), "")
    return _unless(bool(why), Verdict.TASK, f"texts are switched off for {why}")


def min_ring(f: Facts) -> Ruling:
    """Judge the rule ``min_ring``."""
    if f.outcome != "no_answer":
        return Ruling(None, "did not ring")
    # What was not measured cannot be longer than the call.
    rang = f.ring_ms if f.ring_ms is not None else f.ended_ms - f.started_ms
    least = f.policy.min_ring_s
    return _unless(
        rang < least * SECOND_MS, Verdict.TASK, f"rang {rang / 1000:.1f} s, less than {least} s: likely a wrong number"
    )


def too_late(f: Facts) -> Ruling:
    """Judge the rule ``too_late``."""
    minutes = max(age_ms(f), 0) // MINUTE_MS
    why = f"{minutes} min after the call: later than {f.policy.max_age_min} min a text does more harm than good"
    return _unless(too_old(f), Verdict.TASK, why)


def already_texted(f: Facts) -> Ruling:
    """Judge the rule ``already_texted``."""
    why = f"this person had a text for this line within {f.policy.once_per_h} h"
    return _unless(f.texts_this_line > 0, Verdict.TASK, f"called again within minutes; {why}" if is_repeat(f) else why)


def cap_number(f: Facts) -> Ruling:
    """Judge the rule ``cap_number``."""
    bad = f.sent_number_day >= f.policy.per_number_day
    return _unless(bad, Verdict.TASK, f"this number has had {f.sent_number_day} automatic texts within a day")


def cap_prefix(f: Facts) -> Ruling:
    """Judge the rule ``cap_prefix``."""
    bad, alert = f.sent_prefix_hour >= f.policy.per_prefix_hour, "many calls from one block of numbers: abuse?"
    return _unless(
        bad, Verdict.TASK, f"{f.sent_prefix_hour} texts to this block of numbers within an hour", alert=alert
    )


def cap_hour(f: Facts) -> Ruling:
    """Judge the rule ``cap_hour``."""
    bad, alert = f.sent_hour >= f.policy.per_hour, "the hourly limit of texts is reached"
    return _unless(bad, Verdict.TASK, f"{f.sent_hour} texts within an hour: the limit", alert=alert)


def cap_day(f: Facts) -> Ruling:
    """Judge the rule ``cap_day``."""
    bad, alert = f.sent_day >= f.policy.per_day, "the daily limit of texts is reached"
    return _unless(bad, Verdict.TASK, f"{f.sent_day} texts within a day: the limit", alert=alert)


def breaker(f: Facts) -> Ruling:
    """Judge the rule ``breaker``."""
    return _unless(bool(f.breaker), Verdict.TASK, f"the circuit breaker is open: {f.breaker}", alert=f.breaker)


def no_text(f: Facts) -> Ruling:
    """Judge the rule ``no_text``."""
    return _unless(not f.has_text, Verdict.TASK, f"there is no text for {f.situation}", fine=f.situation)


def quiet(f: Facts) -> Ruling:
    """Judge the rule ``quiet_hours``."""
    if f.waking:
        return Ruling(None, "outside quiet hours in every zone")
    just_called = f.send_ms - f.ended_ms <= f.policy.answer_within_min * MINUTE_MS
    if f.policy.quiet_mode is QuietMode.ANSWER_WITHIN and just_called:
        return Ruling(None, f"quiet hours, but the person called less than {f.policy.answer_within_min} min ago")
    if f.policy.quiet_mode is QuietMode.SUPPRESS:
        return Ruling(Verdict.TASK, "quiet hours")
    if f.waking_from_ms is None or f.waking_from_ms - f.ended_ms > f.policy.hold_max_h * HOUR_MS:
        return Ruling(Verdict.TASK, f"quiet hours would hold the text for more than {f.policy.hold_max_h} h")
    return Ruling(Verdict.TEXT, "held until quiet hours are over", f.waking_from_ms)


def text(f: Facts) -> Ruling:
    """Judge the rule ``text``."""
    return Ruling(Verdict.TEXT, "missed, allowed, and in time", f.send_ms)
