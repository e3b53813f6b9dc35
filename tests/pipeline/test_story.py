"""The story of a text, as a regulator would ask for it: facts, rules, proof, words, bytes, reports."""

import pytest

from tests.pipeline.desk import CALLER, MONDAY_10, Desk, open_desk
from tests.pipeline.support import open_office, until
from textback_pbx import story
from textback_pbx.consent import store as consent
from textback_pbx.consent.policies import POLICIES, PolicyChoice, PolicyName
from textback_pbx.decision import rules
from textback_pbx.testing import tpdu
from textback_pbx.testing.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock(MONDAY_10)


async def told(desk: Desk, message_id: int = 1):
    async with desk.database.read() as tx:
        return await story.of_message(tx, message_id)


async def test_the_bytes_that_left_are_kept_with_the_part(tmp_path):
    async with open_office(tmp_path) as office:
        await office.consent()
        await office.call("rang_out")
        (text,) = await office.texts(1)

        async def reported():
            async with office.database.read() as tx:
                found = await story.of_message(tx, 1)
            return found if found["reports"] else None

        found = await until(reported, "the report has come")
        (part,) = found["parts"]
        left = tpdu.decode_submit(bytes.fromhex(part["pdu"])[1:])  # the first octet says: the SIM's own centre
        assert (left.content.text, left.destination) == (text, CALLER)
        assert found["template"]
        assert found["reports"][0]["raw"]


async def test_a_text_tells_every_rule_and_the_consent_it_rests_on(tmp_path, clock):
    desk = await open_desk(tmp_path, clock)
    try:
        await desk.consent(source="service agreement 118")
        await desk.call()
        await desk.later(10, every=5)
        found = await told(desk)
    finally:
        await desk.database.close()
    decision = found["decision"]
    assert [step[0] for step in decision["trace"]] == [rule.name for rule in rules.RULES]
    assert decision["consent_entry"]["source"] == "service agreement 118"
    assert decision["facts"]["caller"] == CALLER
    assert found["template"].startswith("{business}")
    assert [entry["event"] for entry in found["consent"]] == ["granted"]


async def test_a_text_on_the_greeting_alone_shows_the_greetings_words(tmp_path, clock):
    desk = await open_desk(
        tmp_path, clock, extra='[texts]\ngreeting_version = "g7"\ngreeting_text = "We may answer with a text."\n'
    )
    try:
        announced = POLICIES[PolicyName.ANNOUNCED]
        choice = PolicyChoice(announced.name, announced.version, "owner", clock.now_ms(), announced.text)
        async with desk.database.transaction() as tx:
            await consent.choose_policy(tx, choice, local_time="x")
        await desk.call()
        await desk.later(10, every=5)
        decision = (await told(desk))["decision"]
    finally:
        await desk.database.close()
    assert decision["consent_entry"]["event"] == "announced"
    assert decision["consent_entry"]["disclosure"] == "We may answer with a text."
    assert decision["policy_entry"]["actor"] == "owner"
    assert decision["policy_entry"]["disclosure"] == announced.text


async def test_a_line_has_its_own_greeting(tmp_path, clock):
    """One PBX serves two businesses: each text rests on the announcement its own callers heard."""
    lines = (
        '[[lines]]\nname = "vets"\ndialled = ["5003"]\ngreeting_version = "v2"\n'
        'greeting_text = "The vets may text you."\n'
        '[[lines]]\nname = "bare"\ndialled = ["5004"]\n'
    )
    desk = await open_desk(tmp_path, clock, extra=lines)
    try:
        announced = POLICIES[PolicyName.ANNOUNCED]
        choice = PolicyChoice(announced.name, announced.version, "owner", clock.now_ms(), announced.text)
        async with desk.database.transaction() as tx:
            await consent.choose_policy(tx, choice, local_time="x")
        await desk.call(line="bare")
        await desk.work()
        assert desk.air() == []
        await desk.call(line="vets")
        await desk.work()
        decision = (await told(desk))["decision"]
    finally:
        await desk.database.close()
    entry = decision["consent_entry"]
    assert (entry["disclosure_version"], entry["disclosure"]) == ("v2", "The vets may text you.")
    assert entry["policy_version"] == announced.version


async def test_the_answer_to_a_stop_shows_what_it_answers(tmp_path, clock):
    desk = await open_desk(tmp_path, clock)
    try:
        await desk.write("please stop texting me")
        await desk.work()
        found = await told(desk)
    finally:
        await desk.database.close()
    assert found["message"]["kind"] == "optout_confirmation"
    assert found["answers"]["body"] == "please stop texting me"
    assert [entry["event"] for entry in found["consent"]] == ["revoked"]
