"""A time the PBX was not heard, repaired from its call records: through the real agent, by the ordinary decision."""

import asyncio
import contextlib
import itertools
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.pipeline.support import CALLER, Office, open_office, until
from textback_pbx.calls.backfill_source import CSV_COLUMNS
from textback_pbx.testing.ami_script import SCRIPTS, Call, Wait

HOUR = 3600
COLUMNS = (*CSV_COLUMNS, "uniqueid", "userfield")


class MasterCsv:
    """What cdr_csv writes, in UTC."""

    def __init__(self, folder):
        self.path = folder / "Master.csv"
        self._ids = itertools.count(1)
        self.add(ago=3 * HOUR)

    def add(self, *, ago: float = 0.0, caller: str = CALLER, said: str = "", uniqueid: str = "", **more) -> str:
        """A call that began `ago` seconds before now and rang a desk for 20 s, unless `more` says otherwise."""
        began = datetime.now(UTC) - timedelta(seconds=ago)
        uniqueid = uniqueid or f"{int(began.timestamp())}.{next(self._ids)}"
        given = {
            "src": caller, "dst": "5001", "dcontext": "from-trunk", "clid": f'"" <{caller}>',
            "channel": f"PJSIP/trunk-{next(self._ids):08x}", "dstchannel": "PJSIP/101-00000002", "lastapp": "Dial",
            "lastdata": "PJSIP/101,20", "start": f"{began:%Y-%m-%d %H:%M:%S}", "duration": 20, "billsec": 0,
            "end": f"{began + timedelta(seconds=20):%Y-%m-%d %H:%M:%S}", "disposition": "NO ANSWER",
            "uniqueid": uniqueid, "userfield": said,
        } | more  # fmt: skip
        cells = ['"' + str(given.get(name, "")).replace('"', '""') + '"' for name in COLUMNS]
        with self.path.open("a") as file:
            file.write(",".join(cells) + "\n")
        return uniqueid


SHOWN = "textback.pres=allowed_not_screened"


@contextlib.asynccontextmanager
async def office_with(tmp_path, *, csv: bool = True, unanswered: bool = True):
    records = MasterCsv(tmp_path)
    source = f'csv = "{records.path}"' if csv else ""
    extra = f"\n[cdr]\n{source}\nunanswered = {str(unanswered).lower()}\ndelay_seconds = 1\n"
    async with open_office(tmp_path, extra=extra) as opened:
        yield opened, records


async def off(office: Office, seconds: float = 0.0):
    """The agent is off for a while."""
    await office.stop()
    await asyncio.sleep(seconds)


async def repaired(office: Office):
    """Wait until the newest gap was looked at; return it."""

    async def looked():
        return await office.rows(
            "SELECT * FROM gaps WHERE id = (SELECT max(id) FROM gaps)"
            " AND (settled_ms IS NOT NULL OR look_ms > until_ms)"
        )

    return (await until(looked, "the gap was looked at"))[0]


async def decisions(office: Office):
    async def all_decided():
        rows = await office.rows(
            "SELECT c.uniqueid, c.outcome, c.source, c.confidence, c.facts, d.verdict, d.rule FROM calls c"
            " LEFT JOIN decisions d ON d.call_id = c.id ORDER BY c.id"
        )
        return rows if rows and all(row["verdict"] for row in rows) else None

    return await until(all_decided, "every call is decided")


@pytest.mark.fault(1)
async def test_a_call_missed_while_the_agent_was_off_is_texted_when_it_is_fresh_and_certain(tmp_path):
    async with office_with(tmp_path) as (office, records):
        await office.consent()
        await off(office)
        uid = records.add(ago=20, said=SHOWN)
        await office.start()
        gap = await repaired(office)
        assert (gap["repaired"], gap["recovered"]) == ("cdr", 1)
        assert gap["result"] == "1 call recovered, by Master.csv"
        (call,) = await decisions(office)
        assert (call["uniqueid"], call["source"], call["confidence"]) == (uid, "recovered", "high")
        assert (call["verdict"], call["rule"]) == ("text", "text")
        assert len(await office.texts(1)) == 1


@pytest.mark.parametrize(
    ("setup", "row", "rule"),
    [
        ({"unanswered": False}, {"said": SHOWN}, "recovered"),
        ({}, {}, "presentation"),
        ({}, {"said": SHOWN, "ago": 1200}, "too_late"),
        ({}, {"said": SHOWN, "uniqueid": " "}, "recovered"),
        ({}, {"said": SHOWN, "lastapp": "Stasis", "disposition": "ANSWERED", "dstchannel": ""}, "lost"),
    ],
)
async def test_anything_else_is_a_task_and_no_text(tmp_path, setup, row, rule):
    async with office_with(tmp_path, **setup) as (office, records):
        await office.consent()
        await off(office)
        records.add(**{"ago": 20} | row)
        await _backdate_the_heartbeat(office)
        await office.start()
        await repaired(office)
        (call,) = await decisions(office)
        assert (call["verdict"], call["rule"]) == ("task", rule)
        assert [task["kind"] for task in await office.rows("SELECT kind FROM tasks")] == ["call_back"]
        assert office.inbox() == []


async def _backdate_the_heartbeat(office: Office):
    """As if the agent had been off for an hour."""
    with contextlib.closing(sqlite3.connect(office.path)) as raw:
        raw.execute("UPDATE meta SET value = value - 3600000 WHERE key LIKE 'heard:%'")
        raw.commit()


@pytest.mark.fault(1, 28)
async def test_a_call_that_was_heard_is_never_stored_again(tmp_path):
    async with office_with(tmp_path) as (office, records):
        uid = await office.call("rang_out")
        await office.decided(uid)
        for _ in range(2):
            await off(office)
            records.add(ago=1, uniqueid=uid, duration=0)
            records.add(ago=1, uniqueid=uid, duration=0, dstchannel="", lastapp="Hangup")
            await office.start()
            gap = await repaired(office)
            assert (gap["recovered"], gap["result"]) == (0, "no further call, by Master.csv")
        assert [call["source"] for call in await decisions(office)] == ["live"]


async def test_without_a_uniqueid_a_call_that_was_heard_is_known_by_time_and_number(tmp_path):
    async with office_with(tmp_path) as (office, records):
        await office.decided(await office.call("rang_out"))
        await office.decided(await office.call("rang_out", "+15125550177"))
        await off(office)
        for caller in (CALLER, "+15125550177", "+15125550188"):
            records.add(ago=1, caller=caller, duration=0, uniqueid=" ")
        await office.start()
        assert (await repaired(office))["recovered"] == 1
        assert [(c["source"]) for c in await decisions(office)] == ["live", "live", "recovered"]


async def test_several_rows_of_one_call_are_one_call_and_an_answered_redial_counts(tmp_path):
    async with office_with(tmp_path) as (office, records):
        await office.consent()
        await off(office)
        uid = records.add(ago=60, said=SHOWN)
        records.add(ago=40, said=SHOWN, uniqueid=uid, dstchannel="PJSIP/102-00000004")
        records.add(ago=20, said=SHOWN, disposition="ANSWERED", billsec=15)
        await _backdate_the_heartbeat(office)
        await office.start()
        await repaired(office)
        missed, answered = await decisions(office)
        assert (missed["outcome"], missed["rule"]) == ("no_answer", "answered_since")
        assert (answered["outcome"], answered["verdict"]) == ("answered", "nothing")
        assert office.inbox() == []


async def test_a_call_back_in_the_gap_counts(tmp_path):
    async with office_with(tmp_path) as (office, records):
        await office.consent()
        await off(office)
        records.add(ago=60, said=SHOWN)
        records.add(
            ago=30, dcontext="internal", channel="PJSIP/101-00000009", dstchannel="PJSIP/trunk-00000008",
            dst=CALLER, src="101", lastdata=f"PJSIP/{CALLER}@trunk,30", disposition="ANSWERED", billsec=10,
        )  # fmt: skip
        await _backdate_the_heartbeat(office)
        await office.start()
        await repaired(office)
        (missed,) = await decisions(office)
        assert missed["rule"] == "called_back"


@pytest.mark.fault(24)
async def test_a_lost_call_is_mended_and_its_task_closed_when_a_person_had_answered(tmp_path):
    async with office_with(tmp_path) as (office, records):
        call = await _a_call_cut_off_by_a_restart(office)
        (lost,) = await decisions(office)
        assert (lost["outcome"], lost["verdict"]) == ("lost", "task")
        records.add(ago=3, uniqueid=call, disposition="ANSWERED", billsec=1, duration=2)

        async def mended():
            rows = await office.rows("SELECT outcome FROM calls WHERE outcome = 'answered'")
            tasks = await office.rows("SELECT state, result FROM tasks WHERE state = 'done'")
            return tasks if rows else None

        (task,) = await until(mended, "the lost call is mended")
        assert "call records" in task["result"]
        assert len(await office.rows("SELECT id FROM calls")) == 1


async def _a_call_cut_off_by_a_restart(office: Office) -> str:
    call = Call(office.pbx.counter, CALLER)
    SCRIPTS["rang_out"](call, seconds=60)
    for step in call.steps:
        if isinstance(step, Wait):
            break
        office.pbx.send(step)
    await asyncio.sleep(0.1)
    office.pbx.restart()
    return call.uniqueid


async def test_nothing_configured_is_said(tmp_path):
    async with office_with(tmp_path, csv=False) as (office, _):
        await off(office)
        await office.start()
        gap = await repaired(office)
        assert (gap["repaired"], gap["settled_ms"] is not None) == ("no", True)
        assert gap["result"] == "not repaired: no call records are configured ([cdr])"


async def test_a_source_that_cannot_be_read_is_said_and_tried_again(tmp_path):
    async with office_with(tmp_path) as (office, records):
        await off(office)
        records.add(ago=20)
        kept = records.path.rename(tmp_path / "kept")
        await office.start()
        gap = await repaired(office)
        assert gap["repaired"] == "no"
        assert gap["settled_ms"] is None
        note = office.agent.board.get("cdr")
        assert note.state == "fail"
        assert "Master.csv cannot be read: no such file" in note.message
        kept.rename(records.path)
        await office.rows("SELECT 1")
        async with office.database.transaction() as tx:
            await tx.run("UPDATE gaps SET look_ms = 0")
        office.agent._repair_bell.ring()
        (call,) = await decisions(office)
        assert call["source"] == "recovered"
        assert office.agent.board.get("cdr").state == "ok"


async def test_while_the_gap_lasts_calls_too_old_for_a_text_become_tasks(tmp_path):
    async with office_with(tmp_path) as (office, records):
        await office.consent()
        records.add(ago=1000, said=SHOWN)
        records.add(ago=60, said=SHOWN, caller="+15125550177")
        await off(office)
        await _backdate_the_heartbeat(office)
        office.pbx.forbidden.add("login")
        port, office.pbx.port = office.pbx.port, 0
        await office.pbx.stop()
        office.pbx.port = port
        start = asyncio.ensure_future(office.start())
        try:
            (call,) = await _eventually(lambda: decisions(office))
            assert (call["source"], call["verdict"], call["rule"]) == ("recovered", "task", "too_late")
        finally:
            office.pbx.forbidden.clear()
            await office.pbx.start()
            await start
        gap = await repaired(office)
        assert gap["recovered"] == 2
        assert time.time() * 1_000 - gap["until_ms"] < 60_000


async def _eventually(look):
    async def there():
        with contextlib.suppress(AssertionError, ValueError):
            return await look()

    return await until(there, "it comes", 30)


async def test_of_an_agent_that_was_off_for_weeks_only_the_last_days_are_repaired(tmp_path):
    async with office_with(tmp_path) as (office, records):
        await off(office)
        records.path.unlink()
        for days in (20, 4, 2):
            records.add(ago=days * 86_400, caller=f"+1512555010{days % 10}")
        with contextlib.closing(sqlite3.connect(office.path)) as raw:
            raw.execute("UPDATE meta SET value = value - 1900000000 WHERE key LIKE 'heard:%'")
            raw.commit()
        await office.start()
        gap = await repaired(office)
        assert gap["repaired"] == "partly"
        assert "only its last 3 days were looked at" in gap["result"]
        assert [call["verdict"] for call in await decisions(office)] == ["task"]


async def test_rows_that_cannot_be_folded_do_not_end_the_agent(tmp_path, monkeypatch):
    from textback_pbx.pipeline import repair

    def broken(*_):
        raise OverflowError("date value out of range")

    async with office_with(tmp_path) as (office, records):
        await off(office)
        records.add(ago=20)
        monkeypatch.setattr(repair, "fold", broken)
        await office.start()
        gap = await repaired(office)
        assert (gap["repaired"], gap["settled_ms"]) == ("no", None)
        assert "OverflowError" in office.agent.board.get("cdr").message
