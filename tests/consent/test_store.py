"""The ledger on disk: one transaction with the row the sender reads; tampering in the file is found; erasure."""

import pytest

from tests.consent.support import ANNA, BERT, T0, entry
from textback_pbx.consent import entries, store
from textback_pbx.consent.ledger import Basis, Disclosure, Event, Head, Status
from textback_pbx.consent.policies import POLICIES, PolicyChoice, PolicyName

LOCAL = "2026-10-26T04:13:20-05:00"


def stop(number=ANNA, inbound_id=1):
    return entries.opted_out_by_text(number, T0, LOCAL, text="STOP", why="exact", inbound_id=inbound_id)


def start(number=ANNA):
    return entries.resubscribed_by_text(number, T0 + 1, LOCAL, text="START", why="exact", inbound_id=2)


async def write(database, *new):
    async with database.transaction() as tx:
        return [await store.append(tx, one) for one in new]


async def ask(database, what, *args):
    async with database.read() as tx:
        return await what(tx, *args)


async def test_an_empty_ledger_answers_without_a_key(database):
    assert not await ask(database, store.is_opted_out, ANNA)
    assert (await ask(database, store.state_of, ANNA, T0)).status is Status.NONE
    assert await ask(database, store.verify) == []
    assert await ask(database, store.export) == []


@pytest.mark.fault(10, 11)
async def test_stop_is_in_force_with_its_commit_and_twice_is_once(database):
    first, _ = await write(database, stop(), stop(inbound_id=2))
    assert await ask(database, store.is_opted_out, ANNA)
    assert not await ask(database, store.is_opted_out, BERT)
    assert [one.seq for one in await ask(database, store.opt_outs)] == [first.seq]
    assert await ask(database, store.verify) == []


@pytest.mark.fault(10)
async def test_a_stop_that_was_not_committed_is_not_in_force(database):
    with pytest.raises(RuntimeError):
        async with database.transaction() as tx:
            await store.append(tx, stop())
            assert await store.is_opted_out(tx, ANNA)
            raise RuntimeError
    assert not await ask(database, store.is_opted_out, ANNA)
    assert await ask(database, store.verify) == []


async def test_only_the_wish_for_texts_lifts_an_opt_out(database):
    await write(database, stop(), entry(), entry(Event.IMPORTED), entry(Event.IMPLIED), entry(Event.ANNOUNCED))
    assert await ask(database, store.is_opted_out, ANNA)
    await write(database, start())
    assert not await ask(database, store.is_opted_out, ANNA)
    assert (await ask(database, store.state_of, ANNA, T0)).status is Status.CONSENTED
    assert await ask(database, store.opt_outs) == []
    assert await ask(database, store.verify) == []


async def test_erasure_leaves_the_chain_whole_and_the_opt_out_alive(database):
    shown = entry(disclosure=Disclosure("v1", "May we text you?"), evidence={"file": "x.csv", "row": 2})
    await write(database, shown, stop(), entry(number=BERT))
    async with database.transaction() as tx:
        await store.erase(tx, ANNA, at_ms=T0, local_time=LOCAL, actor="owner", source="letter")
    assert await ask(database, store.is_opted_out, ANNA)
    assert await ask(database, store.verify) == []
    left = await ask(database, store.export, ANNA)
    assert [row["number"] for row in left] == [None] * 3
    assert [row["evidence"] for row in left] == [None] * 3
    assert [row["number"] for row in await ask(database, store.export, BERT)] == [BERT]
    await write(database, start())
    assert (await ask(database, store.state_of, ANNA, T0)).status is Status.CONSENTED


async def test_subject_access_holds_the_words_shown_and_the_evidence(database):
    await write(database, entry(disclosure=Disclosure("v1", "May we text you?"), evidence={"row": 2}))
    (row,) = await ask(database, store.export, ANNA)
    assert row["disclosure"] == "May we text you?"
    assert row["evidence"] == '{"row":2}'


async def test_the_ledger_cannot_be_changed_by_an_accident(database):
    await write(database, stop())
    for sql in ("UPDATE consent SET actor = 'x'", "DELETE FROM consent"):
        with pytest.raises(Exception, match="append-only"):
            async with database.transaction() as tx:
                await tx.run(sql)


FORGERIES = {
    "an opt-out taken out of the list": "DELETE FROM opt_outs",
    "an opt-out put in": "INSERT INTO opt_outs VALUES ('somebody', 1, 1)",
    "a changed actor": "UPDATE consent SET actor = 'x' WHERE seq = 2",
    "a changed time": "UPDATE consent SET at_ms = at_ms + 1 WHERE seq = 1",
    "a longer term": "UPDATE consent SET expires_ms = 1 WHERE seq = 1",
    "another number": f"UPDATE consent_private SET number = '{BERT}' WHERE seq = 1",
    "other evidence": "UPDATE consent_private SET evidence = '[]' WHERE seq = 2",
    "evidence deleted": "DELETE FROM consent_private WHERE seq = 3",
    "other words shown": "UPDATE disclosures SET body = 'x'",
    "words shown deleted": "DELETE FROM disclosures",
    "the newest entry cut off": "DELETE FROM consent_private WHERE seq = 3; DELETE FROM consent WHERE seq = 3",
    "the head turned back": "UPDATE meta SET value = '2:00' WHERE key = 'consent_head'",
    "the head deleted": "DELETE FROM meta WHERE key = 'consent_head'",
    "the key deleted": "DELETE FROM meta WHERE key = 'consent_key'",
    "the key changed": "UPDATE meta SET value = '00' WHERE key = 'consent_key'",
}


@pytest.mark.parametrize("what", FORGERIES)
async def test_whatever_is_forged_in_the_file_is_found(database, what):
    await write(database, entry(disclosure=Disclosure("v1", "May we?")), stop(), entry(number=BERT))
    async with database.transaction() as tx:
        await tx.run("DROP TRIGGER consent_no_update")
        await tx.run("DROP TRIGGER consent_no_delete")
        await tx.run("PRAGMA defer_foreign_keys=ON")
        for statement in FORGERIES[what].split(";"):
            await tx.run(statement)
    assert await ask(database, store.verify)


async def test_without_its_key_nothing_may_be_sent(database):
    await write(database, stop())
    async with database.transaction() as tx:
        await tx.run("DELETE FROM meta WHERE key = 'consent_key'")
    with pytest.raises(store.LedgerProblem, match="Restore the newest backup"):
        await ask(database, store.is_opted_out, ANNA)


async def test_a_damaged_chain_still_takes_an_opt_out_and_shows_its_damage(database):
    await write(database, entry(), entry(number=BERT))
    async with database.transaction() as tx:
        await tx.run("DROP TRIGGER consent_no_delete")
        await tx.run("DELETE FROM consent_private WHERE seq = 2")
        await tx.run("DELETE FROM consent WHERE seq = 2")
    await write(database, stop())
    assert await ask(database, store.is_opted_out, ANNA)
    found = await ask(database, store.verify)
    assert found[0].seq == 2


async def test_a_head_noted_earlier_must_still_be_there(database):
    (first, _) = await write(database, entry(), stop())
    assert await ask(database, store.verify, Head(first.seq, first.hash)) == []
    assert await ask(database, store.verify, Head(first.seq, "0" * 64))


async def test_what_ran_out_gets_its_entry_once(database):
    await write(
        database,
        entry(Event.IMPLIED, basis=Basis.IMPLIED_INQUIRY, expires_ms=T0 + 5),
        entry(Event.IMPLIED, number=BERT, basis=Basis.IMPLIED_INQUIRY, expires_ms=T0 + 500),
    )
    async with database.transaction() as tx:
        assert await store.expire_due(tx, T0 + 4, LOCAL) == 0
        assert await store.expire_due(tx, T0 + 5, LOCAL) == 1
        assert await store.expire_due(tx, T0 + 6, LOCAL) == 0
        assert await store.expire_due(tx, T0 + 500, LOCAL) == 1
    assert (await ask(database, store.state_of, ANNA, T0 + 6)).status is Status.EXPIRED
    assert await ask(database, store.verify) == []


async def test_the_policy_is_chosen_on_record_for_all_lines_or_one(database):
    assert await ask(database, store.chosen_policy) is None
    async with database.transaction() as tx:
        for name, line in ((PolicyName.ONE_REPLY, ""), (PolicyName.ANNOUNCED, "clinic")):
            policy = POLICIES[name]
            choice = PolicyChoice(name, policy.version, "owner", T0, policy.text, line)
            await store.choose_policy(tx, choice, local_time=LOCAL)
    everywhere, clinic = await ask(database, store.chosen_policy), await ask(database, store.chosen_policy, "clinic")
    assert (everywhere.name, clinic.name) == (PolicyName.ONE_REPLY, PolicyName.ANNOUNCED)
    assert everywhere.shown == POLICIES[PolicyName.ONE_REPLY].text
    assert (await ask(database, store.chosen_policy, "shop")).name is PolicyName.ONE_REPLY
    assert not await ask(database, store.is_opted_out, ANNA)
    assert await ask(database, store.verify) == []
    await write(database, stop())
    assert await ask(database, store.is_opted_out, ANNA)
