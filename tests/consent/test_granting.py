"""A consent by hand, by a form, by a program: one way in, and no way round an opt-out."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from tests.consent.support import ANNA, T0
from textback_pbx.consent import entries, store
from textback_pbx.consent.granting_store import CHANNELS, Granted, Refused, Wish, grant
from textback_pbx.consent.ledger import GRANTABLE, Basis, Disclosure

ZONE = ZoneInfo("America/Chicago")
WORDS = Disclosure("form-3", "We may text you about your calls. Reply STOP to opt out.")
FORM = Wish("+1 512 555 0142", "express_written", "web", "booking page", "web form", disclosure=WORDS)


async def asked(tx, wish, country="US"):
    return await grant(tx, wish, now_ms=T0, zone=ZONE, country=country)


async def test_a_form_puts_the_words_it_showed_on_record(database):
    async with database.transaction() as tx:
        made = await asked(tx, FORM)
        assert isinstance(made, Granted)
        assert (made.number, made.entry.channel, made.entry.disclosure_version) == (ANNA, "web", "form-3")
        assert await store.disclosure_of(tx, made.entry) == WORDS
        assert (await store.state_of(tx, ANNA, T0)).consented
        assert await store.verify(tx) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"disclosure": None}, "exact words"), ({"disclosure": Disclosure("v", " ")}, "exact words"),
     ({"basis": "resubscribe"}, "no basis"), ({"basis": "opt_out"}, "no basis"), ({"channel": "sms"}, "no channel"),
     ({"source": ""}, "comes from"), ({"number": "911"}, "no telephone number"), ({"number": "anonymous"}, "withheld"),
     ({"expires_ms": T0}, "run out"), ({"after_opt_out": True, "evidence": {"words": "phoned"}}, "a form cannot"),
     ({"channel": "cli", "after_opt_out": True}, "evidence")],
)  # fmt: skip
async def test_what_proves_nothing_is_refused_and_leaves_no_entry(database, changes, words):
    async with database.transaction() as tx:
        made = await asked(tx, replace(FORM, **changes))
        assert isinstance(made, Refused)
        assert words in made.reason
        assert await tx.value("SELECT count(*) FROM consent") == 0


@pytest.mark.parametrize("channel", CHANNELS)
async def test_no_form_lifts_an_opt_out(database, channel):
    async with database.transaction() as tx:
        await store.append(tx, entries.opted_out_by_text(ANNA, T0, "x", text="STOP", why="word", inbound_id=1))
        made = await asked(tx, replace(FORM, channel=channel))
        assert isinstance(made, Refused)
        assert made.opted_out
        assert await store.is_opted_out(tx, ANNA)
        again = replace(FORM, channel="cli", after_opt_out=True, evidence={"words": "phoned on Monday"})
        made = await asked(tx, again)
        assert isinstance(made, Granted)
        assert made.entry.basis == Basis.RESUBSCRIBE
        assert not await store.is_opted_out(tx, ANNA)


@pytest.mark.parametrize("basis", GRANTABLE)
@pytest.mark.parametrize(("country", "inquiry", "purchase"), [("US", 3, 18), ("CA", 6, 24), ("GB", 0, 0), ("DE", 0, 0)])
async def test_the_term_is_the_jurisdictions(database, basis, country, inquiry, purchase):
    number = {"US": ANNA, "CA": "+14165550142", "GB": "+447700900142", "DE": "+4915112345678"}[country]
    async with database.transaction() as tx:
        made = await asked(tx, replace(FORM, number=number, basis=basis.value), country)
    assert isinstance(made, Granted), made
    months = {Basis.IMPLIED_INQUIRY: inquiry, Basis.IMPLIED_PURCHASE: purchase}.get(basis, 0)
    ends = made.entry.expires_ms
    assert (ends is None) == (months == 0)
    if ends is not None:
        assert abs((ends - T0) / 86_400_000 - months * 30.44) < 4
