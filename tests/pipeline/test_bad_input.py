"""Bad input to the whole agent: it says what to do, loses nothing, and goes on when the world is right again."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.pipeline.support import CALLER, Office, open_office, until
from textback_pbx import agent as agent_module
from textback_pbx.clock import SystemClock
from textback_pbx.consent import store as consent
from textback_pbx.database import Database
from textback_pbx.health import State, read_all
from textback_pbx.testing.ami_script import SCRIPTS, Call
from textback_pbx.testing.sim_card import Status, StoredPdu

MALFORMED = (
    b"Event: Newchannel\r\nUniqueid\r\n: nothing\r\nno colon at all\r\n\r\n",
    b"Event: Hangup\r\nUniqueid: \xff\xfe\x00\r\nCause: not a number\r\n\r\n",
    b"Event: DialBegin\r\n\r\n",
    b"Event:\r\n\r\n",
    b"\r\n\r\n\r\n",
    b"Response: Success\r\nActionID: \xc3\x28\r\nMessage: nobody asked\r\n\r\n",
    b"Event: Newstate\r\n" + b"Filler: " + b"x" * 200_000 + b"\r\n\r\n",
    b"Event: Newchannel\r\nChannel: PJSIP/trunk-0\x1b[2J\r\nUniqueid: '); DROP TABLE calls;--\r\nExten: s\r\n\r\n",
    b"\x00\x01\x02garbage without a header\r\n\r\n",
)
UNDECODABLE = (b"\x07\x91\x51\x15\x52\x15\x10\x09\x04\xff", b"\x00", b"\xff" * 30, b"\x00\x04\x0b\x91")


async def well(office, component, *, state=State.OK, words=""):
    """Wait until the board shows this."""

    async def shown():
        if office._task.done():
            office._task.result()  # it ended by a bug: show that
        note = office.agent.board.get(component)
        return note if note is not None and note.state is state and words in note.message else None

    return await until(shown, f"{component} is {state} with {words!r}", 30)


@asynccontextmanager
async def begun(office):
    """Start the agent without waiting until all is well; it ends with the block, whatever fails in it."""
    office.database = await Database.open(office.path, exclusive=True)
    office._stop = asyncio.Event()
    office.agent = agent_module.Agent(office.database, office.settings(), SystemClock())
    office._task = asyncio.ensure_future(office.agent.run(office._stop))
    try:
        yield
    finally:
        await office.stop()


async def opted_out(office, number):
    async with office.database.read() as tx:
        return await consent.is_opted_out(tx, number)


@pytest.mark.parametrize("chunk", [None, 7])
async def test_malformed_blocks_amid_a_call_cost_nothing_but_themselves(tmp_path, chunk):
    async with open_office(tmp_path) as office:
        await office.consent()
        call = Call(office.pbx.counter, CALLER)
        SCRIPTS["rang_out"](call, seconds=0.01)
        office.pbx.chunk = chunk
        for number, step in enumerate(call.steps):
            if isinstance(step, bytes):
                piece = MALFORMED[number % len(MALFORMED)]
                office.pbx.send((piece if chunk is None else piece[:3_000] + b"\r\n\r\n") + step)
        if chunk is None:
            for piece in MALFORMED:
                office.pbx.send(piece)
        story = await office.decided(call.uniqueid)
        assert (story["call"]["outcome"], story["decision"]["verdict"]) == ("no_answer", "text")
        assert len(await office.texts(1)) == 1
        office.pbx.chunk = None
        later = await office.decided(await office.call("busy", caller="+15125550143"))
        assert later["call"]["outcome"] == "busy"
        assert office.pbx.connections_made == 1
        assert await office.rows("SELECT * FROM gaps") == []
        assert office.agent.board.get("ami").state is State.OK


async def test_a_pdu_nobody_can_read_is_kept_shown_and_deleted_and_sending_goes_on(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        slots = office.modem.sim.store.slots
        office.modem.unplug()
        for pdu in UNDECODABLE:
            office.modem.sim.store.add(StoredPdu(Status.UNREAD, pdu))
        office.modem.plug()
        office.write("Are you there?")

        async def all_read():
            return not slots and not office.modem.me.slots

        await until(all_read, "the SIM is empty")

        async def handled():
            rows = await office.rows("SELECT state FROM inbound")
            return len(rows) >= len(UNDECODABLE) + 1 and {row["state"] for row in rows} == {"handled"}

        await until(handled, "every text is handled")
        kept = {row["raw"] for row in await office.rows("SELECT * FROM inbound_parts")}
        assert {pdu.hex().upper() for pdu in UNDECODABLE} <= {raw.upper() for raw in kept}
        tasks = await office.rows("SELECT kind, reason FROM tasks WHERE kind = 'review'")
        assert len(tasks) >= 1
        await office.call("rang_out")
        assert len(await office.texts(1)) == 1


async def test_a_wrong_secret_is_said_and_not_hammered(tmp_path):
    office = Office(tmp_path)
    office.pbx.users = {"textback": "another"}
    async with office.pbx, office.modem, begun(office):
        note = await well(office, "ami", state=State.FAIL)
        assert "refused the login of 'textback'" in note.message
        assert "check ami.username and ami.secret against manager.conf" in note.message
        assert "another" not in note.message
        await well(office, "modem")
        office.write("Hello?")  # the rest of the office works meanwhile

        async def task():
            return await office.rows("SELECT * FROM tasks WHERE kind = 'reply'")

        await until(task, "the reply has its task")
        assert (office.pbx.refused, office.pbx.connections_made) == (1, 1)


@pytest.mark.fault(27)
async def test_a_corrected_secret_is_taken_without_a_restart(tmp_path, monkeypatch):
    settings = agent_module.ami_settings
    monkeypatch.setattr(agent_module, "ami_settings", lambda *s: replace(settings(*s), refused_first_s=0.2))
    async with open_office(tmp_path) as office:
        await office.consent()
        office.pbx.users = {"textback": "rotated"}
        office.pbx.cut()
        await well(office, "ami", state=State.FAIL, words="refused the login")

        async def twice():
            return office.pbx.refused >= 2

        await until(twice, "it tried again")
        office.pbx.users = {"textback": "secret"}
        await well(office, "ami")
        await office.call("rang_out")
        assert len(await office.texts(1)) == 1
        (gap,) = await office.rows("SELECT * FROM gaps")
        assert gap["until_ms"] is not None


@pytest.mark.fault(46)
async def test_without_a_modem_calls_are_decided_texts_wait_and_leave_when_it_comes(tmp_path):
    office = Office(tmp_path)
    async with office.pbx, begun(office):
        await office.pbx.wait_login()
        await well(office, "ami")
        note = await well(office, "modem", state=State.FAIL)
        assert "is the stick plugged in?" in note.message
        await office.consent()
        story = await office.decided(await office.call("rang_out"))
        assert story["decision"]["verdict"] == "text"
        unknown = await office.decided(await office.call("rang_out", caller="+15125550143"))
        assert unknown["decision"]["verdict"] == "task"
        assert (await office.rows("SELECT state FROM parts")) == [{"state": "queued"}]
        note = await well(office, "outbox", state=State.WARN)
        assert "texts wait: the modem cannot be reached" in note.message
        async with office.modem:
            assert len(await office.texts(1)) == 1
            await well(office, "modem")


async def test_a_modem_pulled_out_and_put_back(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        office.modem.unplug()
        await well(office, "modem", state=State.FAIL, words="the modem cannot be reached")
        story = await office.decided(await office.call("rang_out"))
        assert story["decision"]["verdict"] == "text"
        office.write("STOP", sender="+15125550144")  # waits at the network
        assert office.inbox() == []
        office.modem.plug()
        assert len(await office.texts(1)) == 1
        await well(office, "modem")

        await until(lambda: opted_out(office, "+15125550144"), "the STOP is read")
        assert len(office.modem.smsc.submits) == 2  # the text and the STOP's confirmation, once each


READ_ONLY = ("PRAGMA query_only=ON",), ("PRAGMA query_only=OFF",), "the disk is read-only: remount it read-write"
#: No room for what is new, while a transaction without a row still succeeds.
FULL = (
    tuple(
        f"CREATE TEMP TRIGGER no_room_{table} BEFORE INSERT ON main.{table} "
        "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        for table in ("calls", "inbound_parts", "parts")
    ),
    tuple(f"DROP TRIGGER no_room_{table}" for table in ("calls", "inbound_parts", "parts")),
    "the disk is full: free some room",
)


@pytest.mark.fault(14, 16)
@pytest.mark.parametrize(("break_it", "mend_it", "words"), [READ_ONLY, FULL], ids=["read_only", "full"])
async def test_a_database_that_takes_no_rows_holds_everything_and_loses_nothing(tmp_path, break_it, mend_it, words):
    async with open_office(tmp_path) as office:
        await office.consent()
        await office.consent("+15125550143")
        async with office.database._gate:  # inside another's transaction it would be rolled back with it
            for sql in break_it:
                await office.database._connection.execute(sql)
        uid = await office.call("rang_out")
        other = await office.call("busy", caller="+15125550143")
        office.write("STOP")
        note = await well(office, "disk", state=State.FAIL)
        assert words in note.message
        assert "nothing is lost" in note.message
        for _ in range(200):  # every other loop may look meanwhile; none may call the disk well
            office.agent._wake_all()
            await asyncio.sleep(0.005)
            assert office.agent.board.get("disk").state is State.FAIL
        assert office.agent.board.hold() is not None
        assert not office._task.done()
        assert len(office.modem.me.slots) == 1  # not deleted before it is kept
        assert office.modem.smsc.submits == []
        async with office.database._gate:
            for sql in mend_it:
                await office.database._connection.execute(sql)
        await well(office, "disk")
        await office.decided(uid)
        second = await office.decided(other)
        if second["decision"]["verdict"] != "text":  # decided while another loop still waited for the disk
            assert second["decision"]["reason"] == "sending is held: disk"
            assert second["tasks"]

        await until(lambda: opted_out(office, CALLER), "the STOP is read")
        if second["decision"]["verdict"] == "text":
            assert len(await office.texts(1, "+15125550143")) == 1
        confirmation = await office.texts(1)  # the STOP's answer, and never the text it forbade after it
        assert [text for text in office.inbox() if "Lakeside" in text] == office.inbox()
        assert "no more texts" in confirmation[-1]


async def test_what_is_wrong_is_on_disk_for_status(tmp_path):
    async with open_office(tmp_path) as office:
        office.modem.unplug()
        await well(office, "modem", state=State.FAIL)
        office.pbx.users = {"textback": "another"}
        office.pbx.cut()
        await well(office, "ami", state=State.FAIL, words="refused the login")
        await office.stop()
        raw = await Database.open(office.path, read_only=True)
        async with raw.read() as tx:
            notes = {note.component: note for note in await read_all(tx)}
        await raw.close()
        assert {name for name, note in notes.items() if note.state is State.FAIL} == {"modem", "ami"}
        assert "plugged in" in notes["modem"].message
        assert json.dumps(dict(notes["modem"].detail))
