"""The decision stage's SQL: the facts of one call in one snapshot, and the decision's rows.

Every look-back is one indexed, bounded query, so that deciding costs the same with a million calls. Windows have
no upper end: rows that a wrong clock dated into the future still count, so no limit loosens when it goes back.
A consent ledger that cannot be relied on gives facts that say so; the rules then fail closed.
"""

import json
from typing import Any

from textback_pbx import phone
from textback_pbx.consent import policies
from textback_pbx.consent import store as consent
from textback_pbx.database import Row, Tx
from textback_pbx.decision import breaker, gathering
from textback_pbx.decision.breaker import Breaker
from textback_pbx.decision.facts import ALLOWED, REFUSED, Facts
from textback_pbx.decision.gathering import Call
from textback_pbx.decision.lookback import HISTORY, HOLDS, windows
from textback_pbx.decision.policy import LinePolicy, Policy
from textback_pbx.decision.verdict import Decision

#: Where ``meta`` keeps the circuit breaker.
BREAKER = "breaker"


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
    known: dict[str, Any] = {**gathering.of_call(call, said), "heard_greeting": heard}
    if call.caller is not None and not call.withheld:
        known |= await _of_number(tx, call, call.caller, policy=policy, now_ms=now_ms)
        known |= await _of_consent(tx, call, call.caller, now_ms=now_ms, heard=heard, strict=line.consent)
        known["own_number"] = call.caller in gathering.own_numbers(policy.own_numbers, line.country)
    else:
        known["holds"] = _held(await tx.value(HOLDS))
    if look > 1:
        known["due_ms"] = await _due(tx, call.id)
    known |= gathering.of_hours(call, known, policy=policy, line=line, now_ms=now_ms)
    known |= gathering.of_words(call, known, policy=policy, line=line)
    return Facts(
        now_ms=now_ms,
        look=look,
        clock_trusted=clock_trusted,
        greeting_version=gathering.greeting_of(policy, line)[0],
        policy=policy,
        **{**known, "contact_name": contact_name or known.get("contact_name", "")},
    )


def _held(listed: str | None) -> tuple[str, ...]:
    return tuple(sorted(listed.split(","))) if listed else ()


#: Columns of the history that are no time and no count.
_TEXTS = frozenset({"cannot_text", "automation", "holds", "contact_name", "breaker", "missed", "from_prefix"})


async def _of_number(tx: Tx, call: Call, number: str, *, policy: Policy, now_ms: int) -> dict[str, Any]:
    parsed = phone.parse(number, "US")
    params = windows(call, number, policy, now_ms)
    row = await tx.one(HISTORY, params)
    assert row is not None
    known: dict[str, Any] = {key: row[key] or 0 for key in row.keys() if key not in _TEXTS}  # noqa: SIM118 - a Row is no dict
    if isinstance(parsed, phone.Number):
        known |= {"number_kind": parsed.kind.value, "region": parsed.region or "", "zones": phone.zones(number)}
    last = breaker.from_json(row["breaker"])
    opened = breaker.judge(last, policy, now_ms, missed=row["missed"], from_prefix=row["from_prefix"])
    return {
        **known,
        "ever_texted": bool(known["ever_texted"]),
        "holds": _held(row["holds"]),
        "cannot_text": row["cannot_text"] or "",
        "contact_name": row["contact_name"] or "",
        "automation_paused": row["automation"] == "paused",
        "breaker": opened.why,
        "breaker_since_ms": opened.since_ms,
        "breaker_until_ms": opened.until_ms,
    }


async def _of_consent(tx: Tx, call: Call, number: str, *, now_ms: int, heard: bool, strict: str) -> dict[str, Any]:
    """Return what the policy in force says; a ledger that cannot be relied on leaves the failing defaults."""
    try:
        opted_out, state = await consent.standing(tx, number, now_ms)
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
    made = await tx.value(
        "INSERT INTO decisions (call_id, at_ms, verdict, rule, reason, trace, facts, template, template_version, "
        "dry_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
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
    await tx.all("UPDATE calls SET state = 'decided' WHERE id = ? RETURNING id", (call_id,))  # one trip: run takes two
    if facts.breaker:
        opened = Breaker(facts.breaker, facts.breaker_since_ms, facts.breaker_until_ms)
        await tx.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (BREAKER, opened.to_json()))
    return int(made)


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
