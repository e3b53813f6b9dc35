"""A generated year of an office, and a slow count of it: written from PRODUCT's definitions, sharing no code with ours.

Every row is read into memory and looked at for every call; opening time is counted minute by minute on the wall clock.
"""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.replies.support import _insert, a_call, a_decision, a_message

ZONE = ZoneInfo("America/New_York")
START = datetime(2026, 1, 1, 5, tzinfo=UTC)
MINUTE, DAY = 60_000, 86_400_000
WEEK = 7 * DAY
FIRST = round(START.timestamp() * 1000)
LINES = {"main": "8-12,13-17", "second": "0-24"}
CLOSED = "2026-07-03"
NUMBERS = [f"+1512555{n:04d}" for n in range(100, 170)]


def moment(rnd):
    return FIRST + rnd.randrange(365 * 24 * 60) * MINUTE


async def make_year(tx, seed=1, calls=1500, *, ledger=True):
    """Fill the tables with everything that can happen, by chance."""
    rnd = random.Random(seed)
    threads = {}
    for number in NUMBERS:
        for line in LINES:
            row = {"number": number, "line": line, "opened_ms": FIRST, "updated_ms": FIRST}
            threads[number, line] = await _insert(tx, "threads", row)
    outcomes = ["busy", "no_answer", "not_reachable", "answered", "none", "lost"]
    for _ in range(calls):
        line, number, at = rnd.choice(list(LINES)), rnd.choice([*NUMBERS, None]), moment(rnd)
        call = await a_call(tx, line=line, caller=number, ended_ms=at, outcome=rnd.choice(outcomes))
        await decide(tx, rnd, call, (number, line), at)
        if number and rnd.random() < 0.6:
            await converse(tx, rnd, (number, line), at, threads[number, line])
    for _ in range(40):
        await gap(tx, rnd)
    if ledger:  # rows without a chain: good for counting, not for reading
        await opt_outs(tx, rnd)


async def decide(tx, rnd, call, person, at):
    number, line = person
    verdict = rnd.choice(["text", "text", "task", "nothing", None])
    if verdict is None:
        return
    decision = await a_decision(tx, call, verdict=verdict, rule=rnd.choice(["text", "no_consent", "quiet_hours"]))
    if verdict != "text" or number is None:
        return
    if rnd.random() < 0.1:
        await tx.run("UPDATE decisions SET dry_run = 1 WHERE id = ?", (decision,))
        return
    state = rnd.choice(["delivered", "accepted", "undelivered", "unknown", "queued", "refused", "expired", "cancelled"])
    wait = rnd.choice([0, 0, 0, 60_000, 120_000, 9 * 3_600_000])
    changes = {"not_before_ms": at + wait, "cancelled": "they called again" if state == "cancelled" else None}
    message = await a_message(
        tx, line=line, number=number, call_id=call, at_ms=at + wait + rnd.randrange(120_000), state=state, **changes
    )
    if rnd.random() < 0.2:
        part = {"message_id": message, "seq": 2, "total": 2, "text": "x", "next_try_ms": at}
        await _insert(tx, "parts", {**part, "state": "undelivered", "handed_over_ms": at + wait + MINUTE})


async def converse(tx, rnd, person, at, thread):
    number, line = person
    wrote = at + rnd.randrange(1, 9 * 24 * 60) * MINUTE
    keyword = rnd.choice(["none", "none", "ambiguous", "", "stop", "help", "start"])
    inbound = {"thread_id": thread, "sender": number, "line": line, "body": "x", "received_ms": wrote}
    await _insert(tx, "inbound", {**inbound, "keyword": keyword})
    answer = wrote + rnd.randrange(0, 8 * 24 * 60) * MINUTE
    kind = rnd.choice(["text", "cancelled", "help", "call_out", "not_taken", "call", "nothing"])
    if kind in ("text", "cancelled", "help"):
        changes = {"kind": "help" if kind == "help" else "staff", "cancelled": "no" if kind == "cancelled" else None}
        await a_message(tx, line=line, number=number, at_ms=answer, **changes)
    elif kind in ("call_out", "not_taken"):
        row = {"call_key": f"o{rnd.random()}", "number": number, "ended_ms": answer, "answered": kind == "call_out"}
        await _insert(tx, "calls_out", row)
    elif kind == "call":
        await a_call(tx, line=line, caller=number, ended_ms=answer, outcome="answered")
    if rnd.random() < 0.4:
        made = at + rnd.randrange(0, 9 * 24 * 60) * MINUTE
        off = made + rnd.randrange(0, 9 * 24 * 60) * MINUTE if rnd.random() < 0.3 else None
        await _insert(tx, "bookings", {"thread_id": thread, "made_ms": made, "actor": "sam", "withdrawn_ms": off})


async def gap(tx, rnd):
    begins = moment(rnd)
    ends = rnd.choice([begins + rnd.randrange(1, 3 * 24 * 60) * MINUTE] * 9 + [None])
    repaired = rnd.choice(["no", "cdr", "partly"])
    await _insert(tx, "gaps", {"pbx": "p", "from_ms": begins, "until_ms": ends, "reason": "r", "repaired": repaired})


async def opt_outs(tx, rnd):
    empty = dict.fromkeys(("basis", "policy_version", "purpose", "channel", "source", "actor"), "x")
    for seq in range(1, 80):
        event = rnd.choice(["revoked", "granted"])
        hashes = {"private_hash": "x", "prev_hash": "x", "hash": str(seq)}
        row = {"seq": seq, "subject": "s", "event": event, "at_ms": moment(rnd), "local_time": "x", **empty, **hashes}
        await _insert(tx, "consent", row)


class SlowCount:
    """The same year, counted by looking at everything."""

    def __init__(self, rows, until_ms):
        self.rows, self.until_ms = rows, until_ms
        self.open = {line: self._open_minutes(hours) for line, hours in LINES.items()}

    def _open_minutes(self, hours):
        spans = [tuple(map(int, span.split("-"))) for span in hours.split(",")]
        before, counts = 0, []
        for n in range(400 * 24 * 60):
            wall = (START + timedelta(minutes=n)).astimezone(ZONE)
            weekday = hours == "0-24" or (wall.weekday() < 5 and f"{wall:%Y-%m-%d}" != CLOSED)
            counts.append(before)
            before += weekday and any(a <= wall.hour < b for a, b in spans)
        return counts

    def is_open(self, line, at):
        n = (at - FIRST) // MINUTE
        return self.open[line][n + 1] > self.open[line][n]

    def minutes(self, line, start, end):
        return float(self.open[line][(end - FIRST) // MINUTE] - self.open[line][(start - FIRST) // MINUTE])

    def __call__(self, begin, end, line=None):
        """Every number of the report, for calls from ``begin`` to before ``end``."""
        rows = self.rows
        missed = [
            call
            for call in rows["calls"]
            if begin <= call["ended_ms"] < end
            and call["outcome"] in ("busy", "no_answer", "not_reachable")
            and line in (None, call["line"])
        ]
        told = [self._follow(call) for call in missed]
        walls = [datetime.fromtimestamp(call["ended_ms"] / 1000, ZONE) for call in missed]
        callers = {call["caller"] for call in missed if call["caller"]}
        replied = {one["number"] for one in told if one["reply"] is not None}
        booked = {one["number"] for one in told if one["booked"]}
        sent = [one for one in told if one["state"] in ("accepted", "delivered", "undelivered")]
        recipients = {one["number"] for one in sent}
        answers = {(o["number"], o["line"], o["reply"], o["answer"]) for o in told if o["answer"] is not None}
        waits = sorted(self.minutes(place, reply, answer) for _, place, reply, answer in answers)
        prompt = sorted(one["latency"] for one in sent if not one["held"])
        eligible = sum(one["verdict"] == "text" for one in told)
        gaps = [
            (max(g["from_ms"], begin), min(g["until_ms"] or self.until_ms, end), g["repaired"])
            for g in rows["gaps"]
            if g["from_ms"] < end and (g["until_ms"] or self.until_ms) > begin
        ]
        return {
            "missed": len(missed),
            "missed_callers": len(callers),
            "by_reason": Counter(call["outcome"] for call in missed),
            "by_hour": Counter(f"{wall.hour:02d}" for wall in walls),
            "by_weekday": Counter(f"{wall:%A}" for wall in walls),
            "by_line": Counter(call["line"] for call in missed),
            "by_hours": Counter(
                "open" if self.is_open(call["line"], call["ended_ms"]) else "closed" for call in missed
            ),
            "eligible": eligible,
            "texted": len(sent),
            "unknown": sum(one["state"] == "unknown" for one in told),
            "held": sum(one["held"] for one in sent),
            "send_rate_of_missed": rate(len(sent), len(missed)),
            "send_rate_of_eligible": rate(len(sent), eligible),
            "not_texted": Counter(one["why_not"] for one in told if one["why_not"]),
            "recipients": len(recipients),
            "replied": len(replied),
            "reply_rate_of_recipients": rate(len(recipients & replied), len(recipients)),
            "reply_rate_of_missed_callers": rate(len(replied), len(callers)),
            "recovered": len({one["number"] for one in told if one["answer"] is not None}),
            "booked": len(booked),
            "booked_of_replied": rate(len(booked & replied), len(replied)),
            "booked_of_missed_callers": rate(len(booked), len(callers)),
            "first_answer_median_min": nearest_rank(waits, 0.5),
            "first_answer_p90_min": nearest_rank(waits, 0.9),
            "latency_p50_s": nearest_rank(prompt, 0.5),
            "latency_p95_s": nearest_rank(prompt, 0.95),
            "latency_within": {str(s): rate(sum(p <= s for p in prompt), len(prompt)) for s in (60, 90, 120)}
            if prompt
            else {},
            "opt_outs": sum(e["event"] == "revoked" and begin <= e["at_ms"] < end for e in rows["consent"]),
            "delivery_failures": self._failures(begin, end, line),
            "gaps": len(gaps),
            "gap_minutes": round(sum(b - a for a, b, _ in gaps) / MINUTE),
            "gap_calls": 0,
            "gaps_not_repaired": sum(repaired != "cdr" for _, _, repaired in gaps),
            "lost": sum(
                c["outcome"] == "lost" and begin <= c["ended_ms"] < end and line in (None, c["line"])
                for c in rows["calls"]
            ),
        }

    def _follow(self, call):
        rows, at, number, line = self.rows, call["ended_ms"], call["caller"], call["line"]
        decision = next((d for d in rows["decisions"] if d["call_id"] == call["id"]), None)
        text = next((m for m in rows["messages"] if m["call_id"] == call["id"] and m["kind"] == "auto"), None)
        part = next((p for p in rows["parts"] if text and p["message_id"] == text["id"] and p["seq"] == 1), None)
        replies = [
            i["received_ms"]
            for i in rows["inbound"]
            if (i["sender"], i["line"]) == (number, line)
            and at <= i["received_ms"] <= at + WEEK
            and i["keyword"] not in ("stop", "start", "help")
        ]
        reply = min(replies, default=None)
        thread = next((t["id"] for t in rows["threads"] if (t["number"], t["line"]) == (number, line)), None)
        booked = any(
            b["thread_id"] == thread
            and at <= b["made_ms"] <= at + WEEK
            and (b["withdrawn_ms"] is None or b["withdrawn_ms"] > at + WEEK)
            for b in rows["bookings"]
        )
        return {
            "number": number,
            "line": line,
            "verdict": decision["verdict"] if decision else None,
            "state": part["state"] if part else None,
            "held": bool(text) and text["not_before_ms"] - at > 120_000,
            "latency": (part["handed_over_ms"] - at) / 1000 if part and part["handed_over_ms"] else None,
            "reply": reply,
            "answer": None if reply is None else self._answer(number, line, reply),
            "booked": booked,
            "why_not": self._why_not(decision, text, part),
        }

    def _answer(self, number, line, after):
        rows, who = self.rows, (number, line)
        found = [
            m["created_ms"]
            for m in rows["messages"]
            if (m["number"], m["line"]) == who and m["kind"] == "staff" and m["cancelled"] is None
        ]
        found += [o["ended_ms"] for o in rows["calls_out"] if o["number"] == number and o["answered"]]
        found += [
            c["ended_ms"] for c in rows["calls"] if (c["caller"], c["line"]) == who and c["outcome"] == "answered"
        ]
        return min((at for at in found if after <= at <= after + WEEK), default=None)

    @staticmethod
    def _why_not(decision, text, part):
        if part and part["state"] in ("accepted", "delivered", "undelivered", "unknown"):
            return None
        if decision is None:
            return "not decided yet"
        if decision["verdict"] != "text":
            return decision["rule"]
        if decision["dry_run"]:
            return "dry run"
        if text is None:
            return "no text was made"
        return text["cancelled"] or ("still waiting" if part["state"] in ("queued", "claimed") else part["state"])

    def _failures(self, begin, end, line):
        texts = {m["id"]: m for m in self.rows["messages"] if m["kind"] not in ("notify", "test")}
        failed = {
            p["message_id"]
            for p in self.rows["parts"]
            if p["state"] in ("refused", "undelivered") and p["handed_over_ms"] and begin <= p["handed_over_ms"] < end
        }
        return len([n for n in failed if n in texts and line in (None, texts[n]["line"])])


def rate(part, whole):
    return round(part / whole, 4) if whole else None


def nearest_rank(ordered, share):
    """The smallest value that at least this share of all values do not exceed."""
    for n, value in enumerate(ordered, 1):
        if n >= share * len(ordered) - 1e-9:
            return round(value, 1)
    return None
