"""Two modems and one agent: who sends what, what moves when one fails, what never does, and what comes in by which."""

import time
from contextlib import asynccontextmanager

import pytest

from tests.pipeline.support import CALLER, Office, until
from textback_pbx.clock import SystemClock
from textback_pbx.database import Database
from textback_pbx.outbox.store import NewMessage, enqueue
from textback_pbx.replies.threads.store import thread_for
from textback_pbx.testing.faults import Fault
from textback_pbx.testing.pty_port import PtyPort
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import SimulatedModem

SALES_SIM = "+15125550101"
OTHERS = [f"+1512555011{n}" for n in range(6)]
EXTRA = """
[[modems]]
name = "sales"
port = "{port}"
seconds_between_texts = 0
texts_per_hour = {per_hour}
texts_per_day = 1000
validity_hours = 2
status_reports = false
ussd_credit = "*100#"
[pool]
failover_seconds = {failover}
[[lines]]
name = "sales desk"
dialled = ["5002"]
modem = "sales"
business = "Lakeside Sales"
"""


class Two:
    """An office with the modem ``modem`` for all lines but one, and ``sales`` for that."""

    def __init__(self, office, sales):
        self.office, self.sales, self.main = office, sales, office.modem

    def sent(self, modem):
        return [(record.to, record.text) for record in modem.smsc.submits]

    async def parts(self):
        return await self.office.rows("SELECT p.*, m.number FROM parts p JOIN messages m ON m.id = p.message_id")

    async def put(self, *numbers, line="office", text="hello", parts=None):
        """Put a text of a person's into the outbox for each number, all at once."""
        now_ms = SystemClock().now_ms()
        async with self.office.database.transaction() as tx:
            for number in numbers:
                new = NewMessage(
                    kind="staff",
                    line=line,
                    number=number,
                    body=text,
                    parts=parts or (text,),
                    encoding="gsm7",
                    not_before_ms=now_ms,
                    expires_ms=now_ms + 600_000,
                    thread_id=await thread_for(tx, number, line, now_ms),
                )
                await enqueue(tx, new, now_ms)
        self.office.agent._lines.wake()

    async def until_sent(self, modem, count):
        async def there():
            return len(self.sent(modem)) >= count

        await until(there, f"{count} texts through {modem.sim.number}")

    async def until_states(self, *states):
        async def there():
            return {part["state"] for part in await self.parts()} <= set(states)

        await until(there, f"all parts are {' or '.join(states)}")

    def note(self, name):
        return self.office.agent.board.get(name)


@asynccontextmanager
async def two_modems(tmp_path, *, per_hour=1000, radio_s=0.0, failover=1):
    link = tmp_path / "sales"
    sales = SimulatedModem(PtyPort(link), sim=SimCard(SALES_SIM), radio_s=radio_s)
    office = Office(tmp_path, extra=EXTRA.format(port=link, per_hour=per_hour, failover=failover))
    office.modem.radio_s = radio_s
    one = Two(office, sales)

    async def well(component):
        assert not office._task.done() or office._task.result()
        names = ("modem:modem", "modem:sales") if component == "modem" else (component,)
        notes = [office.agent.board.get(name) for name in names]
        words = ("connecting", "set up", "read first")
        return all(n and n.state != "fail" and not any(word in n.message for word in words) for n in notes)

    office._well = well
    async with office.pbx, office.modem, sales:
        await office.start()
        try:
            yield one
        finally:
            if not office._task.done():
                await office.stop()


async def test_each_line_texts_through_its_modem(tmp_path):
    async with two_modems(tmp_path) as one:
        await one.office.consent()
        await one.office.consent(OTHERS[0])
        await one.office.call("rang_out")
        await one.office.call("rang_out", OTHERS[0], dialled="5002")
        await one.until_sent(one.main, 1)
        await one.until_sent(one.sales, 1)
        await one.until_states("delivered", "accepted")
        assert [to for to, _ in one.sent(one.main)] == [CALLER]
        assert [to for to, _ in one.sent(one.sales)] == [OTHERS[0]]
        assert "Lakeside Sales" in one.sent(one.sales)[0][1]
        assert {part["number"]: part["iccid"] for part in await one.parts()} == {
            CALLER: one.main.sim.iccid,
            OTHERS[0]: one.sales.sim.iccid,
        }
        assert one.note("modem") is None
        (by_main,), (by_sales,) = one.main.smsc.submits, one.sales.smsc.submits
        assert (by_main.report_requested, by_main.validity_s) == (True, 24 * 3600)
        assert (by_sales.report_requested, by_sales.validity_s) == (False, 2 * 3600)
        assert one.note("outbox").message == "texts go out"

        async def operator():
            return one.note("modem:sales").detail.get("operator")

        assert await until(operator, "the operator's name is on the board") == "TESTNET"

        async def credit():
            return one.note("modem:sales").detail.get("credit")

        assert await until(credit, "the credit is on the board") == "Your balance is 10.00"
        assert one.note("modem:sales").message == "SIM-MODEM, TESTNET, LTE, registered"
        assert one.note("modem:sales").detail["sim"] == f"...{one.sales.sim.iccid[-4:]}"


async def test_a_reply_goes_out_by_the_sim_the_thread_is_on(tmp_path):
    async with two_modems(tmp_path) as one:
        one.sales.smsc.inbound(CALLER, SALES_SIM, "HELP")
        await one.until_sent(one.sales, 1)
        rows = await one.office.rows("SELECT line, sim FROM threads WHERE number = ?", CALLER)
        assert rows == [{"line": "sales desk", "sim": one.sales.sim.iccid}]
        # They know the other number too: that is another thread, on the other SIM.
        await one.put(CALLER, text="from the office")
        await one.until_sent(one.main, 1)
        one.office.write("thanks")

        async def threads():
            found = await one.office.rows("SELECT line, body FROM inbound WHERE state = 'handled' ORDER BY id")
            return found if len(found) == 2 else None

        assert [row["line"] for row in await until(threads, "both are handled")] == ["sales desk", "office"]
        one.sales.smsc.inbound(CALLER, SALES_SIM, "and a question")

        async def third():
            found = await one.office.rows("SELECT line, body FROM inbound WHERE state = 'handled' ORDER BY id")
            return found if len(found) == 3 else None

        assert (await until(third, "the question is handled"))[-1]["line"] == "sales desk"
        assert [to for to, _ in one.sent(one.main)] == [CALLER]


async def test_a_conversation_stays_on_its_sim_although_its_line_is_anothers_now(tmp_path):
    async with two_modems(tmp_path) as one:
        await one.put(CALLER, line="office", text="first")
        await one.until_states("delivered")
        async with one.office.database.transaction() as tx:
            await tx.run("UPDATE threads SET sim = ?", (one.sales.sim.iccid,))
        await one.put(CALLER, line="office", text="second")
        await one.until_sent(one.sales, 1)
        assert one.sent(one.sales) == [(CALLER, "second")]


@pytest.mark.fault(6, 29)
@pytest.mark.parametrize("event", ["prompt", "pdu", "body", "submitted", "reply"])
async def test_one_unplugged_in_mid_send_never_hands_over_twice_and_the_other_takes_the_rest(tmp_path, event):
    async with two_modems(tmp_path) as one:
        one.main.arm(Fault("unplug", on=event, command="+CMGS", nth=2, args={"after_bytes": 20}))
        await one.put(*OTHERS)
        handed = event != "prompt"
        await one.until_states("delivered", "accepted", "unknown")
        parts = await one.parts()
        unknown = [part["number"] for part in parts if part["state"] == "unknown"]
        assert len(unknown) == (1 if handed else 0)
        air = [to for modem in (one.main, one.sales) for to, _ in one.sent(modem)]
        assert len(air) == len(set(air)), "a text was sent twice"
        assert set(air) >= set(OTHERS) - set(unknown)
        assert {part["tries"] for part in parts} == {1}
        assert len(one.sent(one.sales)) == len(OTHERS) - 1 - len(unknown)
        assert not {to for to, _ in one.sent(one.sales)} & set(unknown)
        tasks = await one.office.rows("SELECT * FROM tasks WHERE kind = 'unknown_send'")
        assert len(tasks) == len(unknown)
        assert one.note("modem:modem").state == "fail"
        assert "texts go out through sales; modem does not send: " in one.note("outbox").message


@pytest.mark.fault(8, 29)
async def test_the_parts_of_one_text_are_never_split_over_two_sims(tmp_path):
    async with two_modems(tmp_path) as one:
        one.main.arm(Fault("unplug", on="command", command="+CMGS", nth=2))
        await one.put(OTHERS[0], parts=("one ", "two ", "three"))
        await one.until_sent(one.main, 1)
        await one.put(OTHERS[1], text="another text")
        await one.until_sent(one.sales, 1)
        assert [part["state"] for part in await one.parts() if part["number"] == OTHERS[0]][1:] == ["queued", "queued"]
        one.main.plug()
        await one.until_states("delivered", "accepted")
        assert len(one.sent(one.main)) == 3
        assert one.sent(one.sales) == [(OTHERS[1], "another text")]


@pytest.mark.fault(29)
async def test_one_that_comes_back_gets_its_lines_back(tmp_path):
    async with two_modems(tmp_path) as one:
        one.main.unplug()
        await one.put(OTHERS[0])
        await one.until_sent(one.sales, 1)
        one.main.plug()

        async def well():
            return one.note("modem:modem").state != "fail" and one.note("outbox").state == "ok"

        await until(well, "it is back")
        await one.put(OTHERS[1])
        await one.until_sent(one.main, 1)
        # Whoever has had a text from the other number meanwhile stays with it.
        await one.put(OTHERS[0], text="more")
        await one.until_sent(one.sales, 2)


@pytest.mark.fault(11, 40)
async def test_a_stop_to_one_sim_counts_for_both_while_the_other_sends(tmp_path):
    async with two_modems(tmp_path, radio_s=1.0) as one:
        await one.put(OTHERS[0])
        await one.until_sent(one.main, 1)
        one.sales.smsc.inbound(CALLER, SALES_SIM, "STOP")

        async def stopped():
            return await one.office.rows("SELECT * FROM opt_outs")

        await until(stopped, "the STOP is honoured", seconds=0.9)  # before the text on the other one has its answer
        await one.put(CALLER)

        async def cancelled():
            return [part for part in await one.parts() if part["state"] == "cancelled"]

        await until(cancelled, "the text is taken back")
        await one.until_sent(one.sales, 1)
        assert "no more texts" in one.sent(one.sales)[0][1]
        assert [to for to, _ in one.sent(one.main)] == [OTHERS[0]]


@pytest.mark.fault(20, 39)
async def test_each_sims_budget_survives_a_restart_and_a_spent_one_is_helped(tmp_path):
    async with two_modems(tmp_path, per_hour=2, failover=30) as one:  # it is the budget that calls for help
        await one.put(*OTHERS[:2], line="sales desk")
        await one.until_sent(one.sales, 2)
        await one.until_states("accepted")
        await one.office.stop()
        await one.office.start()
        await one.put(OTHERS[2], line="sales desk")
        await one.until_sent(one.main, 1)
        assert one.sent(one.main) == [(OTHERS[2], "hello")]
        assert len(one.sent(one.sales)) == 2
        assert one.office.agent._lines.figures(one.office.agent._lines._modems[1])["left_this_hour"] == 0


@pytest.mark.fault(11)
async def test_a_stop_that_waits_on_the_slower_sim_is_honoured_before_the_other_sends(tmp_path):
    async with two_modems(tmp_path, failover=10) as one:
        await one.office.stop()
        one.office.write("STOP")
        one.main.arm(Fault("delay", on="command", command="+CPIN", args={"seconds": 1.0}))
        database = one.office.database = await Database.open(one.office.path)
        one.office.agent._lines.wake = lambda: None  # nobody runs
        await one.put(CALLER, line="sales desk")
        await database.close()
        await one.office.start()

        async def cancelled():
            return [part for part in await one.parts() if part["state"] == "cancelled"]

        await until(cancelled, "the text is taken back")
        await one.until_sent(one.main, 1)
        assert "no more texts" in one.sent(one.main)[0][1]
        assert one.sent(one.sales) == []


@pytest.mark.fault(32, 36)
async def test_texts_do_not_queue_behind_one_that_the_network_does_not_answer(tmp_path):
    async with two_modems(tmp_path) as one:
        one.main.arm(Fault("swallow", on="submitted", command="+CMGS"))
        await one.put(*OTHERS[:3])
        await one.until_sent(one.sales, 2)
        assert len(one.sent(one.main)) == 1
        assert {to for to, _ in one.sent(one.main)} | {to for to, _ in one.sent(one.sales)} == set(OTHERS[:3])

        async def one_is_out():
            states = [part["state"] for part in await one.parts()]
            return states.count("handed_over") == 1 and states.count("accepted") == 2

        await until(one_is_out, "only the one without an answer is out")
        one.main.unplug()  # so that nobody waits three minutes for the answer
        await one.until_states("delivered", "accepted", "unknown")


@pytest.mark.fault(13)
async def test_stopped_while_both_send_they_end_within_one_grace(tmp_path):
    async with two_modems(tmp_path, radio_s=1.0) as one:
        await one.put(OTHERS[0])
        await one.put(OTHERS[1], line="sales desk")
        await one.until_sent(one.main, 1)
        await one.until_sent(one.sales, 1)
        began = time.monotonic()
        await one.office.stop()
        assert time.monotonic() - began < 5.0
        one.office.database = await Database.open(one.office.path)
        assert {part["state"] for part in await one.parts()} <= {"accepted", "delivered"}
        await one.office.database.close()
