"""The SQL of the weekly mail: which week is next, and that each was made once.

One pointer says which week's mail comes next; it moves in the transaction that makes the mail and its notifications,
so a restart at any moment neither makes a mail twice nor leaves one out.
"""

from datetime import date, timedelta, tzinfo

from textback_pbx.database import Tx
from textback_pbx.tasks import notify_store
from textback_pbx.tasks.notify import Channel, of_target
from textback_pbx.tasks.weekly import Mail, monday_of

_NEXT = "weekly_mail_next"


async def next_week(tx: Tx, now_ms: int, zone: tzinfo) -> date:
    """Return the Monday of the week whose mail comes next; the first time, of this week: none looks back for ever."""
    kept = await tx.value("SELECT value FROM meta WHERE key = ?", (_NEXT,))
    if kept is not None:
        return date.fromisoformat(kept)
    monday = monday_of(now_ms, zone)
    await tx.run("INSERT INTO meta (key, value) VALUES (?, ?)", (_NEXT, monday.isoformat()))
    return monday


async def switch_off(tx: Tx) -> None:
    """Forget which week is next: mails that nobody wanted are not made up for later."""
    await tx.run("DELETE FROM meta WHERE key = ?", (_NEXT,))


async def keep(tx: Tx, monday: date, mail: Mail, to: tuple[str, ...], now_ms: int) -> bool:
    """Keep the mail of one week and hand it to each target's channel; ``False``: that week had one already."""
    following = (monday + timedelta(days=7)).isoformat()
    await tx.run("UPDATE meta SET value = ? WHERE key = ?", (following, _NEXT))
    made = await tx.run(
        "INSERT INTO weekly_mails (week, made_ms, subject, body) VALUES (?, ?, ?, ?) ON CONFLICT (week) DO NOTHING",
        (monday.isoformat(), now_ms, mail.subject, mail.body),
    )
    if made != 1:
        return False
    source = f"weekly:{monday.isoformat()}"
    await notify_store.emit(tx, "report.weekly", source, now_ms, {"week": monday.isoformat()})
    event_id = int(await tx.value("SELECT id FROM events WHERE source = ?", (source,)))
    for target in to:
        payload = {"title": mail.subject, "body": mail.body, "person": of_target(target)[0]}
        await notify_store.add(tx, event_id, Channel.APPRISE.value, target, payload, now_ms=now_ms)
    await notify_store.told(tx, event_id)
    return True
