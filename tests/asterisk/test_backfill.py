"""Calls of a time the agent was off, from the call records a real Asterisk wrote itself: Master.csv and master.db."""

import pytest

from tests.asterisk.bench import Bench
from tests.asterisk.people import answers, refuses
from tests.asterisk.scenarios import (
    ANONYMOUS,
    ANSWERED,
    BUSY,
    BY_NAME,
    TIMEOUT,
    Scenario,
    call,
    talks,
)
from tests.asterisk.server import Asterisk
from tests.asterisk.test_end_to_end import office_on
from tests.pipeline.support import until

PRIVATE = (("P-Asserted-Identity", "<sip:+15125550144@carrier.invalid>"), ("Privacy", "id"))
#: Noted by the dialplan (5050): a given number, a withheld one, one that was busy.
NOTED = (
    Scenario("noted", "rings out, the dialplan noted that the number is given",
             call("5050", TIMEOUT, number="+15125550143")),
    Scenario("noted_withheld", "rings out, the dialplan noted that it is withheld",
             call("5050", TIMEOUT, headers=PRIVATE, shown=ANONYMOUS, number="+15125550144", withheld=True)),
    Scenario("noted_busy", "the desk is on the phone", call("5050", BUSY, number="+15125550145"), {101: refuses(486)}),
    Scenario("noted_answered", "a person answers", call("5050", ANSWERED, talks(), number="+15125550146"),
             {101: answers()}),
)  # fmt: skip
#: Scenario -> what the records make of it. CDR writes NO ANSWER for a phone without power.
UNHEARD = {
    "group_one_answers": "answered",
    "voicemail_message": "no_answer",
    "queue_timeout": "no_answer",
    "queue_answered": "answered",
    "never_registered": "not_reachable",
    "unplugged": "no_answer",
    "ivr_abandoned": "no_answer",
    "rejected_cause_21": "none",
    "followme_locals_answered": "answered",
}


@pytest.fixture(params=[22, 16])
def recording_asterisk(request):
    """An Asterisk of either version that writes its own call records."""
    one = Asterisk(request.param)
    try:
        one.start()
        yield one
    finally:
        one.close()


def records(asterisk: Asterisk, source: str) -> str:
    path = asterisk.master_csv if source == "csv" else asterisk.master_db
    return f'\n[cdr]\n{source} = "{path}"\nunanswered = true\ndelay_seconds = 1\n'


async def repaired(office, gap_id: int):
    async def looked():
        return await office.rows("SELECT * FROM gaps WHERE look_ms > until_ms AND id >= ?", gap_id)

    return (await until(looked, "the gap was looked at", 20))[0]


async def decided(office, count: int):
    async def there():
        rows = await office.rows(
            "SELECT c.*, d.verdict, d.rule FROM calls c JOIN decisions d ON d.call_id = c.id ORDER BY c.id"
        )
        return rows if len(rows) >= count else None

    return await until(there, f"{count} decisions", 20)


@pytest.mark.fault(1)
@pytest.mark.parametrize("source", ["csv", "sqlite"])
async def test_calls_of_a_gap_are_recovered_once_and_only_certain_ones_are_texted(recording_asterisk, source, tmp_path):
    async with (
        Bench(recording_asterisk) as bench,
        office_on(recording_asterisk, tmp_path, extra=records(recording_asterisk, source)) as office,
    ):
        for number in range(143, 147):
            await office.consent(f"+15125550{number}")
        await bench.run(BY_NAME["nothing_happens"])  # heard; its row stands before the gap
        await decided(office, 1)
        await office.stop()
        for scenario in NOTED:
            await bench.run(scenario)
        await office.start()
        gap = await repaired(office, 1)
        assert (gap["recovered"], gap["repaired"], gap["result"][:19]) == (4, "cdr", "4 calls recovered, ")
        rang_out, withheld, busy, answered = (await decided(office, 5))[-4:]
        outcomes = [one["outcome"] for one in (rang_out, withheld, busy, answered)]
        assert outcomes == ["no_answer", "no_answer", "busy", "answered"]
        assert (withheld["caller"], withheld["caller_raw"], withheld["verdict"]) == (None, "", "nothing")
        assert (await _sources(office)) == {"live": 1, "recovered": 4}
        assert [one["verdict"] for one in (rang_out, busy, answered)] == ["text", "text", "nothing"]
        assert [len(await office.texts(1, number)) for number in ("+15125550143", "+15125550145")] == [1, 1]
        assert office.inbox("+15125550144") == []
        assert office.inbox("+15125550146") == []


@pytest.mark.fault(1, 24)
@pytest.mark.parametrize("source", ["csv", "sqlite"])
async def test_every_kind_of_call_is_recovered_as_what_it_was(recording_asterisk, source, tmp_path):
    async with (
        Bench(recording_asterisk) as bench,
        office_on(recording_asterisk, tmp_path, extra=records(recording_asterisk, source)) as office,
    ):
        await bench.run(BY_NAME["busy_486"])
        await decided(office, 1)
        await office.stop()
        for name in UNHEARD:
            await bench.run(BY_NAME[name])
        await office.start()
        gap = await repaired(office, 1)
        rows = await decided(office, 1 + len(UNHEARD))
        assert gap["recovered"] == len(UNHEARD)
        assert [row["outcome"] for row in rows] == ["busy", *UNHEARD.values()]
        assert [row["source"] for row in rows] == ["live", *["recovered"] * len(UNHEARD)]
        await office.stop()
        await office.start()  # a further gap, the same records: nothing is stored twice
        gap = await repaired(office, 2)
        assert gap["recovered"] == 0
        assert len(await office.rows("SELECT id FROM calls")) == 1 + len(UNHEARD)


async def _sources(office) -> dict[str, int]:
    return {row["source"]: row["n"] for row in await office.rows("SELECT source, count(*) AS n FROM calls GROUP BY 1")}
