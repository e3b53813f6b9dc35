"""Words that are kept no longer leave the search's index, and its file, too."""

from tests.pipeline.test_upkeep import plan, upkeep
from tests.replies.support import a_message


async def test_words_kept_no_longer_are_gone_from_the_file_within_a_month(database, clock, tmp_path):
    async with database.transaction() as tx:
        for n in range(900):
            await a_message(tx, body=f"quagga{n}", at_ms=1, state="delivered")
    keeper, _ = upkeep(database, clock, plan(tmp_path, folder=None))
    await keeper.step()
    async with database.read() as tx:
        assert await tx.value("SELECT count(*) FROM messages_words WHERE messages_words MATCH 'quagga*'") == 0
        scrubbed = int(await tx.value("SELECT value FROM meta WHERE key = 'search_scrubbed_ms'"))
        assert scrubbed == clock.now_ms()
    await database.close()
    assert b"quagga" not in database.path.read_bytes()
