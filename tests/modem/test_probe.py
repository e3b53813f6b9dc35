"""`modem probe` against every simulated model: what it drafts drives the stick it was asked of."""

import pytest

from tests.modem.bench import CALLER, OWN, bench
from textback_pbx.clock import SystemClock
from textback_pbx.modem import probe, profile
from textback_pbx.modem.pdu import StatusReport, decode
from textback_pbx.modem.profile import Timing
from textback_pbx.modem.session import Session
from textback_pbx.outbox.attempt import Accepted
from textback_pbx.testing.modem_models import load_model, model_names
from textback_pbx.testing.pty_port import PtyPort
from textback_pbx.testing.sim_card import SimCard
from textback_pbx.testing.simulated_modem import SimulatedModem


def ignore(*_):
    """Codes that come unasked mean nothing here."""


async def asked(folder, name, **sim):
    """Probe one model as the command does; return the answers and what the modem saw."""
    link = folder / name
    model = load_model(name)
    async with SimulatedModem(PtyPort(link), model=model, sim=SimCard(OWN, **sim)) as modem:
        modem.smsc.inbound(CALLER, OWN, "STOP")
        session = Session("probe", SystemClock(), Timing(slow=10.0), ignore, ignore)
        try:
            await session.open(str(link), 115_200)
            answers = await probe.ask(session)
        finally:
            session.close()
        lines = [entry.detail["line"] for entry in modem.journal.since(0, "command")]
        kept = sum(len(store.slots) for store in modem.stores.values())
        return answers, lines, kept, modem


@pytest.mark.parametrize("name", model_names())
async def test_the_draft_of_every_model_is_a_profile_that_works(monkeypatch, tmp_path, name):
    answers, lines, kept, modem = await asked(tmp_path, name)
    draft = profile.read(probe.draft(answers), "draft")
    model = load_model(name)
    assert draft.models == (model.model.replace(",", ""),)
    assert set(draft.storage) <= set(model.capacity)
    assert draft.cnmi[0][3] == 1, "status reports directly, where the modem can"
    assert draft.iccid[0].text.removeprefix("AT").removesuffix("?") in model.iccid_commands
    assert kept >= 1, "nothing is deleted"
    # Questions, echo off, numbers instead of ERROR: nothing else.
    asks = [line for line in lines if not line.endswith("?") and line not in ("ATE0", "AT+CMEE=1")]
    assert all("=" not in line for line in asks), asks
    text = probe.transcript(answers)
    assert "> AT+CNMI=?" in text
    for secret in (modem.imei, modem.sim.iccid, modem.sim.smsc):
        assert secret not in text
        assert secret.removeprefix("+") not in text
        assert secret in probe.transcript(answers, private=True)
    # And the stick sends and tells of reports with it.
    monkeypatch.setattr(profile, "detect", lambda _: draft)
    async with bench(monkeypatch, model=name) as one:
        assert await one.submit() == Accepted(1)
        assert await one.until(one.direct)
        assert isinstance(decode(one.direct()[0].pdu), StatusReport)


async def test_a_locked_sim_is_asked_and_no_pin_is_tried(tmp_path):
    answers, lines, _, modem = await asked(tmp_path, "generic", pin="1234")
    assert modem.sim.pin_tries == 3
    assert not any(line.startswith("AT+CPIN=") for line in lines)
    said = {answer.command: answer for answer in answers}
    assert said["AT+CPIN?"].lines == ("+CPIN: SIM PIN",)
    assert profile.read(probe.draft(answers), "draft").name
