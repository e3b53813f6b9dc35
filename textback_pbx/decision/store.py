"""The decision stage's SQL: the facts of one call in one snapshot, and the decision's rows.

Every look-back is one indexed, bounded query, so that deciding costs the same with a million calls. Windows have
no upper end: rows that a wrong clock dated into the future still count, so no limit loosens when it goes back.
A consent ledger that cannot be relied on gives facts that say so; the rules then fail closed.
"""

import json
from collections.abc import Mapping
from typing import Any

from textback_pbx import phone
from textback_pbx.clock import DAY_MS, HOUR_MS, MINUTE_MS
from textback_pbx.consent import policies
from textback_pbx.consent import store as consent
from textback_pbx.database import Row, Tx
from textback_pbx.decision import breaker, contact_store, gathering
from textback_pbx.decision.breaker import Breaker
from textback_pbx.decision.facts import ALLOWED, REFUSED, Facts
from textback_pbx.decision.gathering import Call
from textback_pbx.decision.policy import LinePolicy, Policy
from textback_pbx.decision.verdict import Decision

#: Components of the health table whose failure holds the line.
HOLDING = ("disk", "clock", "consent", "limits", "restore")
#: Where ``meta`` keeps the circuit breaker.
BREAKER = "breaker"
_FLOOD_ROWS = 500  # no flood limit may be set higher than what is looked at


class NoSuchCall(LookupError):
    """There is no call with this id."""


async def call_of(tx: Tx, call_id: int) -> Call:
    """Return one call. Raises :class:`NoSuchCall`."""
    row = await tx.one(
        "SELECT id, line, outcome, detail, started_ms, ended_ms, caller, ring_ms, source, confidence, withheld, "
        "clock_trusted, facts FROM calls WHERE id = ?",
        (call_id,),
    )
    if row is None:
        raise NoSuchCall(f"there is no call {call_id}")
    values = dict(row)
    return Call(**{**values, "withheld": bool(values["withheld"]), "clock_trusted": bool(values["clock_trusted"])})


async def to_decide(tx: Tx, limit: int = 100) -> list[int]:
    """Return the calls that wait for a decision, oldest first."""
    return [row["id"] for row in await tx.all("SELECT id FROM calls WHERE state = 'new' ORDER BY id LIMIT ?", (limit,))]


async def gather(
    tx: Tx,
    call_id: int,
    *,
    policy: Policy,
    line: LinePolicy,
    now_ms: int,
    clock_trusted: bool,
    look: int = 1,
    contact_name: str = "",
) -> Facts:
    """Read the facts of a stored call. ``line`` is the policy of ``call.line``; ``look=2``: the second look."""
    call = await call_of(tx, call_id)
    return await gather_for(
        tx,
        call,
        policy=policy,
        line=line,
        now_ms=now_ms,
        clock_trusted=clock_trusted,
        look=look,
        contact_name=contact_name,
    )


async def gather_for(
    tx: Tx,
    call: Call,
    *,
    policy: Policy,
    line: LinePolicy,
    now_ms: int,
    clock_trusted: bool,
    look: int = 1,
    contact_name: str = "",
) -> Facts:
    """Read the facts of a call that may be imagined: history, consent and limits are the database's."""
    said: dict[str, Any] = json.loads(call.facts)
    heard = gathering.heard_greeting(said, policy, line)
    known: dict[str, Any] = {**gathering.of_call(call, said), "holds": await _holds(tx), "heard_greeting": heard}
    if call.caller is not None and not call.withheld:
        known |= await _of_number(tx, call, call.caller, policy=policy, now_ms=now_ms)
        known |= await _of_consent(tx, call, call.caller, now_ms=now_ms, heard=heard, strict=line.consent)
        known["own_number"] = call.caller in gathering.own_numbers(policy.own_numbers, line.country)
    if look > 1:
        known["due_ms"] = await _due(tx, call.id)
    known |= gathering.of_hours(call, known, policy=policy, line=line, now_ms=now_ms)
    known |= gathering.of_words(call, known, policy=policy, line=line)
    return Facts(
        now_ms=now_ms,
        look=look,
        clock_trusted=clock_trusted,
        contact_name=contact_name or await contact_store.name_of(tx, call.caller),
        greeting_version=policy.greeting_version,
        policy=policy,
        **known,
    )


async def _holds(tx: Tx) -> tuple[str, ...]:
    marks = ", ".join("?" for _ in HOLDING)
    rows = await tx.all(
        f"SELECT component FROM health WHERE state = 'fail' AND component IN ({marks}) ORDER BY component",  # noqa: S608 - our own marks
        HOLDING,
    )
    return tuple(row["component"] for row in rows)


_HISTORY = """
SELECT
 (SELECT max(ended_ms) FROM calls WHERE caller = :n AND ended_ms >= :started AND id <> :id AND outcome = 'answered')
   AS answered_since_ms,
 (SELECT max(ended_ms) FROM calls_out WHERE number = :n AND ended_ms >= :started AND answered = 1) AS called_back_ms,
 (SELECT max(received_ms) FROM inbound WHERE sender = :n AND received_ms >= :started) AS wrote_ms,
 (SELECT max(at) FROM (
   SELECT max(created_ms) AS at FROM messages WHERE number = :n AND created_ms >= :started AND kind = 'staff'
   UNION ALL SELECT max(closed_ms) FROM tasks WHERE call_id = :id AND state <> 'open' AND closed_by <> 'agent'
   UNION ALL SELECT max(at_ms) FROM notes WHERE at_ms >= :started
     AND thread_id = (SELECT id FROM threads WHERE number = :n AND line = :line))) AS staff_ms,
 (SELECT max(ended_ms) FROM calls WHERE caller = :n AND ended_ms BETWEEN :repeat_from AND :ended AND id <> :id
   AND line = :line AND outcome IN ('no_answer', 'busy', 'not_reachable')) AS previous_missed_ms,
 (SELECT count(*) FROM messages WHERE number = :n AND created_ms >= :once_from AND kind = 'auto' AND line = :line
   AND cancelled IS NULL AND call_id IS NOT :id)
 + (SELECT count(*) FROM calls c JOIN decisions d ON d.call_id = c.id WHERE c.caller = :n AND c.ended_ms >= :once_from
   AND c.line = :line AND c.id <> :id AND d.dry_run = 1 AND d.verdict = 'text') AS texts_this_line,
 (SELECT created_ms FROM messages WHERE number = :n AND kind IN ('auto', 'nudge') AND cancelled IS NULL
   AND call_id IS NOT :id ORDER BY created_ms DESC LIMIT 1) AS last_text_ms,
 (SELECT count(*) FROM messages WHERE number = :n AND created_ms >= :day_from AND kind IN ('auto', 'nudge')
   AND cancelled IS NULL AND call_id IS NOT :id) AS sent_number_day,
 (SELECT count(*) FROM messages WHERE created_ms >= :hour_from AND kind IN ('auto', 'nudge') AND cancelled IS NULL
   AND call_id IS NOT :id AND substr(number, 1, :prefix_length) = :prefix AND length(number) = :length)
   AS sent_prefix_hour,
 (SELECT count(*) FROM messages WHERE created_ms >= :hour_from AND kind IN ('auto', 'nudge') AND cancelled IS NULL
   AND call_id IS NOT :id) AS sent_hour,
 (SELECT count(*) FROM messages WHERE created_ms >= :day_from AND kind IN ('auto', 'nudge') AND cancelled IS NULL
   AND call_id IS NOT :id) AS sent_day,
 (SELECT reason FROM cannot_text WHERE number = :n) AS cannot_text,
 (SELECT automation FROM threads WHERE number = :n AND line = :line) AS automation,
 (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'restored_ms') AS restored_ms
"""

_FLOOD = """
SELECT count(*) AS missed, coalesce(sum(substr(caller, 1, :prefix_length) = :prefix), 0) AS from_prefix,
 (SELECT value FROM meta WHERE key = 'breaker') AS breaker
FROM (SELECT caller FROM calls WHERE ended_ms >= :flood_from AND outcome IN ('no_answer', 'busy', 'not_reachable')
  LIMIT :rows)
"""


async def _of_number(tx: Tx, call: Call, number: str, *, policy: Policy, now_ms: int) -> dict[str, Any]:
    parsed = phone.parse(number, "US")
    params = _windows(call, number, policy, now_ms)
    row = await tx.one(_HISTORY, params)
    assert row is not None
    known: dict[str, Any] = {key: row[key] or 0 for key in row.keys() if key not in ("cannot_text", "automation")}  # noqa: SIM118 - a Row is no dict
    if isinstance(parsed, phone.Number):
        known |= {"number_kind": parsed.kind.value, "region": parsed.region or "", "zones": phone.zones(number)}
    opened = await _breaker_now(tx, policy, params)
    return {
        **known,
        "ever_texted": known["last_text_ms"] > 0,
        "cannot_text": row["cannot_text"] or "",
        "automation_paused": row["automation"] == "paused",
        "breaker": opened.why,
        "breaker_since_ms": opened.since_ms,
        "breaker_until_ms": opened.until_ms,
    }


def _windows(call: Call, number: str, policy: Policy, now_ms: int) -> dict[str, Any]:
    block = phone.prefix(number)
    return {
        "n": number,
        "id": call.id,
        "line": call.line,
        "started": call.started_ms,
        "ended": call.ended_ms,
        "repeat_from": call.started_ms - policy.repeat_min * MINUTE_MS,
        "once_from": now_ms - policy.once_per_h * HOUR_MS,
        "hour_from": now_ms - HOUR_MS,
        "day_from": now_ms - DAY_MS,
        "flood_from": now_ms - policy.flood_window_min * MINUTE_MS,
        "prefix": block,
        "prefix_length": len(block),
        "length": len(number),
        "rows": _FLOOD_ROWS,
    }


async def _breaker_now(tx: Tx, policy: Policy, params: Mapping[str, Any]) -> Breaker:
    seen = await tx.one(_FLOOD, params)
    assert seen is not None
    last = breaker.from_json(seen["breaker"])
    now_ms = int(params["hour_from"]) + HOUR_MS
    return breaker.judge(last, policy, now_ms, missed=seen["missed"], from_prefix=seen["from_prefix"])


async def _of_consent(tx: Tx, call: Call, number: str, *, now_ms: int, heard: bool, strict: str) -> dict[str, Any]:
    """Return what the policy in force says; a ledger that cannot be relied on leaves the failing defaults."""
    try:
        opted_out = await consent.is_opted_out(tx, number)
        state = await consent.state_of(tx, number, now_ms)
        choice = await consent.chosen_policy(tx, call.line)
    except consent.LedgerProblem as problem:
        return {"consent_why": str(problem)}
    name = gathering.stricter(policies.in_force(choice), strict)
    permission = policies.permits(name, state, heard_greeting=heard)
    return {
        "opted_out": opted_out,
        "consent": ALLOWED if permission.allowed else REFUSED,
        "consent_why": permission.why,
        "consent_seq": permission.seq,
        "consent_policy": name.value,
        "policy_seq": choice.seq if choice is not None else 0,
    }


async def _due(tx: Tx, call_id: int) -> int:
    return int(
        await tx.value("SELECT not_before_ms FROM messages WHERE call_id = ? AND kind = 'auto'", (call_id,)) or 0
    )


async def save(
    tx: Tx, call_id: int, decision: Decision, facts: Facts, *, template: str = "", template_version: str = ""
) -> int:
    """Write a call's one decision and mark the call decided; return the decision's id.

    Raises :class:`sqlite3.IntegrityError` if the call has a decision: promise 1 is the schema's.
    """
    made = await tx.insert(
        "INSERT INTO decisions (call_id, at_ms, verdict, rule, reason, trace, facts, template, template_version, "
        "dry_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            call_id,
            facts.now_ms,
            decision.verdict.value,
            decision.rule,
            decision.reason,
            _trace(decision),
            facts.to_json(),
            template,
            template_version,
            int(decision.dry_run),
        ),
    )
    await tx.run("UPDATE calls SET state = 'decided' WHERE id = ?", (call_id,))
    if facts.breaker:
        opened = Breaker(facts.breaker, facts.breaker_since_ms, facts.breaker_until_ms)
        await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (BREAKER, opened.to_json()))
    return made


def _trace(decision: Decision) -> str:
    return json.dumps([list(step) for step in decision.trace], ensure_ascii=False, separators=(",", ":"))


async def save_look(tx: Tx, decision_id: int, decision: Decision, now_ms: int) -> int:
    """Write what the second look said, beside the decision it looks at again."""
    values = (now_ms, decision.verdict.value, decision.rule, decision.reason, _trace(decision))
    return await save_look_row(tx, decision_id, values)


async def save_look_row(tx: Tx, decision_id: int, values: tuple[int, str, str, str, str]) -> int:
    """Write one look: its time (ms UTC), verdict, rule, reason and trace (JSON)."""
    return await tx.insert(
        "INSERT INTO looks (decision_id, at_ms, verdict, rule, reason, trace) VALUES (?, ?, ?, ?, ?, ?)",
        (decision_id, *values),
    )


async def keep_template(tx: Tx, key: str, version: str, body: str, now_ms: int) -> None:
    """Keep the words a text was made from, once for each version: an office's own words change, the proof does not."""
    await tx.run(
        "INSERT OR IGNORE INTO templates (name, version, body, first_used_ms) VALUES (?, ?, ?, ?)",
        (key, version, body, now_ms),
    )


async def template_of(tx: Tx, key: str, version: str) -> str | None:
    """Return the words of a template as they were; ``None`` when they were not kept."""
    found = await tx.value("SELECT body FROM templates WHERE name = ? AND version = ?", (key, version))
    return None if found is None else str(found)


async def decision_of(tx: Tx, call_id: int) -> Row | None:
    """Return the row of a call's decision, if it has one."""
    return await tx.one("SELECT * FROM decisions WHERE call_id = ?", (call_id,))


async def looks_of(tx: Tx, decision_id: int) -> list[Row]:
    """Return the second looks at a decision, oldest first."""
    return await tx.all("SELECT * FROM looks WHERE decision_id = ? ORDER BY id", (decision_id,))
