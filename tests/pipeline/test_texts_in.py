"""Texts as real phones and networks send them, from the air to the thread: every one is kept, none stays on the SIM."""

import pytest

from tests.modem.support import SMSC, deliver, deliver_ucs2
from tests.pipeline.support import CALLER, open_office, until


def tpdu(pdu):
    """The octets as the network has them: without the message centre that the modem puts in front."""
    return bytes.fromhex(pdu.removeprefix(SMSC))


class Inbox:
    def __init__(self, office):
        self.office, self.sim = office, office.modem.sim

    def offer(self, pdu):
        self.office.modem.smsc.offer(self.sim.number, tpdu(pdu))

    async def bodies(self, count):
        async def there():
            rows = await self.office.rows("SELECT body FROM inbound WHERE state = 'handled' ORDER BY id")
            return [row["body"] for row in rows] if len(rows) >= count else None

        return await until(there, f"{count} texts are in")

    async def empty(self):
        async def nothing():
            return not any(store.slots for store in self.office.modem.stores.values())

        await until(nothing, "nothing stays on the SIM")


@pytest.fixture
async def inbox(tmp_path):
    async with open_office(tmp_path) as office:
        yield Inbox(office)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize("wide", [False, True])
async def test_an_emoji_that_the_sender_cut_in_two_is_whole(inbox, order, wide):
    pieces = {1: "see you at \ud83d", 2: "\ude00 four"}
    for seq in order:
        header = f"0608040107{2:02X}{seq:02X}" if wide else f"05000307{2:02X}{seq:02X}"
        inbox.offer(deliver_ucs2(CALLER, pieces[seq], header=header))
    assert await inbox.bodies(1) == ["see you at 😀 four"]
    await inbox.empty()
    rows = await inbox.office.rows("SELECT iccid, concat_ref FROM inbound_parts")
    assert {row["iccid"] for row in rows} == {inbox.sim.iccid}
    assert {row["concat_ref"] > 255 for row in rows} == {wide}


async def test_a_flash_text_is_a_text(inbox):
    """Class 0 is for the screen and is stored nowhere: it comes straight through, and would be lost with the agent."""
    inbox.office.modem.smsc.inbound(CALLER, inbox.sim.number, "call me now", flash=True)
    assert await inbox.bodies(1) == ["call me now"]
    await inbox.empty()


@pytest.mark.fault(38)
async def test_binary_data_is_kept_raw_and_shown(inbox):
    inbox.offer(deliver(CALLER, "DEADBEEF", length=4, dcs=4))
    inbox.office.write("and a text")
    await inbox.bodies(2)
    await inbox.empty()
    rows = await inbox.office.rows("SELECT text, raw, problem FROM inbound_parts ORDER BY id")
    assert (rows[0]["text"], rows[0]["problem"]) == (None, "binary data")
    assert rows[0]["raw"].endswith("DEADBEEF")
    assert [task["kind"] for task in await inbox.office.rows("SELECT kind FROM tasks")]


async def test_a_national_alphabet_is_read(inbox):
    inbox.office.modem.smsc.inbound(CALLER, inbox.sim.number, "yarın gelir misiniz? Şebnem", language=1)
    assert await inbox.bodies(1) == ["yarın gelir misiniz? Şebnem"]


async def test_a_long_text_with_a_16_bit_reference_in_any_order_and_twice(inbox):
    text = "The tap in the kitchen drips and the boiler makes a noise. " * 6
    parts = inbox.office.modem.smsc.inbound(CALLER, inbox.sim.number, text, ref=4711, wide=True, order=(3, 1, 2))
    assert len(parts) == 3
    assert await inbox.bodies(1) == [text]
    inbox.office.modem.smsc.offer(inbox.sim.number, bytes.fromhex(parts[0]))
    inbox.office.write("one more")
    assert await inbox.bodies(2) == [text, "one more"]
    await inbox.empty()
