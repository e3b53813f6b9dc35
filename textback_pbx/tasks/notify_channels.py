"""The ways out of the office: signed webhooks (httpx, standardwebhooks) and Apprise; both loaded when first used.

Each try has a deadline and ends in an :data:`~textback_pbx.tasks.notify.Outcome`, never in an exception. Redirects
are not followed: a signed event goes where the office said, and nowhere else. Nothing here logs an address.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from textback_pbx.clock import SECOND_MS
from textback_pbx.tasks.notify import Again, Endpoint, Never, Outcome, Told, of_status

if TYPE_CHECKING:
    import httpx

DEADLINE_S = 10.0
#: Apprise's own time-outs are the plugins'; a mail server may take a while.
APPRISE_DEADLINE_S = 30.0
_MOST_HANGING = 4
_AGENT = "textback-pbx"


def signed(endpoint: Endpoint, uid: str, body: str, now_ms: int) -> dict[str, str]:
    """Return the headers of one try: the id stays, the time and with it the signature are this try's.

    Standard Webhooks 1.0: ``webhook-id``, ``webhook-timestamp`` (s), ``webhook-signature``; one signature a key, so
    that a key can be changed without a gap. Raises what the library raises for a key that is none.
    """
    from standardwebhooks.webhooks import Webhook

    when = datetime.fromtimestamp(now_ms / SECOND_MS, UTC)
    signatures = [Webhook(secret).sign(uid, when, body) for secret in endpoint.secrets]
    return {
        "webhook-id": uid,
        "webhook-timestamp": str(now_ms // SECOND_MS),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
        "user-agent": _AGENT,
    }


class Webhooks:
    """Posts events. One client for all endpoints, made at the first event."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._client: httpx.AsyncClient | None = None

    async def post(self, endpoint: Endpoint, uid: str, payload: Mapping[str, Any], now_ms: int, tries: int) -> Outcome:
        """Post one event once; return what came of it. The answer's body is not read."""
        import httpx

        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        try:
            headers = signed(endpoint, uid, body, now_ms)
        except Exception as error:  # noqa: BLE001 - the library's own kinds, all of them about the key
            return Again(f"its key cannot be used: {error}")
        if self._client is None:
            self._client = httpx.AsyncClient(follow_redirects=False, timeout=self._deadline_s)
            logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address at INFO
        try:
            async with asyncio.timeout(self._deadline_s):
                request = self._client.stream("POST", endpoint.url, content=body.encode(), headers=headers)
                async with request as response:
                    return of_status(response.status_code, response.headers.get("retry-after", ""), tries)
        except TimeoutError:
            return Again(f"no answer within {self._deadline_s:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Again(_plain(error))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()


def _plain(error: Exception) -> str:
    """Say what a network error was, without an address that may stand in it."""
    inner = error.__cause__ or error.__context__ or error
    words = getattr(inner, "strerror", None) or type(error).__name__
    return f"it could not be reached ({words})"


class Apprise:
    """Tells by mail, chat or push. The library blocks, so each call has a thread of its own and a deadline."""

    def __init__(self, deadline_s: float = APPRISE_DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._hanging = 0

    async def tell(self, addresses: Sequence[str], title: str, body: str) -> Outcome:
        """Tell all addresses of one target; told when every one of them took it."""
        if self._hanging >= _MOST_HANGING:
            return Again(f"{self._hanging} earlier messages still hang")
        self._hanging += 1
        try:
            async with asyncio.timeout(self._deadline_s):
                return await _in_thread(lambda: _tell(addresses, title, body), self._ended)
        except TimeoutError:
            return Again(f"no answer within {self._deadline_s:.0f} s")

    def _ended(self) -> None:
        self._hanging -= 1


def _tell(addresses: Sequence[str], title: str, body: str) -> Outcome:
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses, and these hold passwords
    import apprise

    sender = apprise.Apprise()
    wrong = sum(not sender.add(address) for address in addresses)
    if wrong == len(addresses):
        return Never("Apprise does not know this kind of address")
    # Plain words: without that, a mail takes what a customer wrote for HTML, links and pictures included.
    taken = sender.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
    return Told() if taken else Again("it was not taken")


async def _in_thread(work: Callable[[], Outcome], ended: Callable[[], None]) -> Outcome:
    """Run blocking work beside the loop. A thread that hangs does not keep the agent from ending: it is a daemon."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        ended()
        if not future.done():
            future.set_result(outcome)

    def run() -> None:
        try:
            outcome = work()
        except Exception as error:  # noqa: BLE001 - a plugin's bug is an outcome like any other
            outcome = Again(f"Apprise failed ({type(error).__name__})")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, name="apprise", daemon=True).start()
    return await future
