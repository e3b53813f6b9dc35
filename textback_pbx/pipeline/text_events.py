"""A text's steps as events: sent, delivered, failed; and what a step of a text to staff means for its notification."""

from textback_pbx.database import Tx
from textback_pbx.outbox.attempt import MessageState
from textback_pbx.outbox.store import Settled
from textback_pbx.tasks.notify_store import emit, text_settled

_EVENTS = {
    MessageState.SENT: "text.sent",
    MessageState.DELIVERED: "text.delivered",
    MessageState.FAILED: "text.failed",
    MessageState.EXPIRED: "text.failed",
    MessageState.UNKNOWN: "text.failed",
}
_TO_STAFF = ("notify", "test")


async def tell(tx: Tx, one: Settled, now_ms: int) -> bool:
    """Write the event of one step in its own transaction; ``True``: a text of ours to staff, no customer's.

    A text to staff makes no event: telling of what tells would never end.
    """
    if one.kind in _TO_STAFF:
        name = _EVENTS.get(one.message)
        if one.message is MessageState.CANCELLED or name == "text.failed":
            words = one.reason or f"the text is {one.message.value}"
            await text_settled(tx, one.message_id, f"the text did not arrive: {words}", now_ms)
        elif name is not None:
            await text_settled(tx, one.message_id, "", now_ms)
        return True
    name = _EVENTS.get(one.message)
    if name is not None:
        data = {"message_id": one.message_id, "state": one.message.value}
        await emit(tx, name, f"message:{one.message_id}:{one.message.value}", now_ms, data)
    return False
