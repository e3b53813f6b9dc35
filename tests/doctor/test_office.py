"""The checks of the office's own choices, each planted fault named with its fix."""

import asyncio
from pathlib import Path

from tests.keeping.support import T0, opened
from textback_pbx.config import parse
from textback_pbx.consent import store as consent
from textback_pbx.consent.policies import POLICIES, PolicyChoice, PolicyName
from textback_pbx.doctor import office
from textback_pbx.findings import Level
from textback_pbx.keeping import backup

KEY = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


def settings_at(folder: Path, more=""):
    return parse(f'[office]\nname = "Lakeside"\n[database]\npath = "{folder / "textback.sqlite"}"\n{more}', Path("c"))


async def test_no_policy_chosen(database, tmp_path):
    [found] = await office.policy(settings_at(tmp_path))
    assert (found.check, found.level) == ("consent.policy", Level.WARN)
    assert "consent policy choose" in found.fix
    shown = POLICIES[PolicyName.RECORDED]
    choice = PolicyChoice(PolicyName.RECORDED, shown.version, "the owner", T0, shown.text)
    async with database.transaction() as tx:
        await consent.choose_policy(tx, choice, local_time="2026-10-26T04:13:20-05:00")
    [found] = await office.policy(settings_at(tmp_path))
    assert (found.level, "the owner" in found.says) == (Level.PASS, True)


async def test_a_ledger_changed_by_another_hand(database, tmp_path):
    shown = POLICIES[PolicyName.RECORDED]
    choice = PolicyChoice(PolicyName.RECORDED, shown.version, "the owner", T0, shown.text)
    async with database.transaction() as tx:
        await consent.choose_policy(tx, choice, local_time="2026-10-26T04:13:20-05:00")
        await tx.run("DROP TRIGGER consent_no_update")
        await tx.run("UPDATE consent SET actor = 'somebody else'")
    found = await office.policy(settings_at(tmp_path))
    assert (found[0].check, found[0].level) == ("consent.ledger", Level.FAIL)
    assert "restore" in found[0].fix


async def test_a_text_that_breaks_the_rules_for_texts(tmp_path):
    assert [one.level for one in await office.texts(settings_at(tmp_path))] == [Level.PASS]
    long = '[texts.own]\n"missed.open" = "Sorry ' + "x" * 200 + '"\n'
    [found] = await office.texts(settings_at(tmp_path, long.replace("missed.open", _situation())))
    assert found.level is Level.FAIL
    assert "templates lint" in found.fix


def _situation():
    from textback_pbx.decision.template_sets import SITUATIONS

    return next(iter(SITUATIONS))


async def test_backups_none_old_and_on_the_same_disk(database, tmp_path, monkeypatch):
    settings = settings_at(tmp_path)
    assert [one.check for one in await office.copies(settings)] == ["backup.age"]
    made = backup.make(database.path, tmp_path / "backups", T0)
    monkeypatch.setattr(office.SystemClock, "now_ms", lambda _: T0 + 3_600_000)
    found = await office.copies(settings)
    assert [(one.check, one.level) for one in found] == [
        ("backup.age", Level.PASS), ("backup.place", Level.WARN),
    ]  # fmt: skip
    monkeypatch.setattr(office.SystemClock, "now_ms", lambda _: T0 + 50 * 3_600_000)
    assert "days old" in (await office.copies(settings))[0].says
    monkeypatch.setattr(office.SystemClock, "now_ms", lambda _: T0 + 3_600_000)
    made.path.write_bytes(made.path.read_bytes()[:9000])
    assert (await office.copies(settings))[0].level is Level.FAIL
    async with opened(database.path):
        pass


async def test_an_endpoint_that_cannot_be_reached(tmp_path):
    server = await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hook = f'[[webhooks]]\nname = "crm"\nurl = "http://127.0.0.1:{port}/x"\nsecret = "{KEY}"\n'
    settings = settings_at(tmp_path, hook)
    assert [one.level for one in await office.endpoints(settings)] == [Level.PASS]
    server.close()
    await server.wait_closed()
    [found] = await office.endpoints(settings)
    assert (found.level, "crm" in found.says) == (Level.WARN, True)
