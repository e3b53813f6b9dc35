"""Webhooks and Apprise against a real server: signed, the same id on each try, nothing followed, nothing hangs."""

import asyncio
import contextlib
import json
import time
from email import message_from_string

import pytest

from tests.pipeline.http_receiver import a_server
from textback_pbx.tasks.notify import Again, Endpoint, Never, Told, of_status
from textback_pbx.tasks.notify_channels import Apprise, Webhooks, signed

KEY, OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_plJ3nmyCDGBKInavdOK15jsl1ATaeo1B"
EVENT = {"type": "reply.received", "timestamp": "2026-11-24T16:00:00.000Z", "data": {"text": "grüß dich ☎"}}


def endpoint(port, *secrets):
    return Endpoint("crm", f"http://127.0.0.1:{port}/hook", secrets or (KEY,))


@pytest.fixture
async def webhooks():
    made = Webhooks(deadline_s=5)
    yield made
    await made.close()


async def test_a_receiver_with_the_key_verifies_the_event_and_one_without_it_does_not(webhooks):
    from standardwebhooks.webhooks import Webhook, WebhookVerificationError

    async with a_server() as server:
        now_ms = time.time_ns() // 1_000_000
        assert await webhooks.post(endpoint(server.port, KEY, OLD), "evt_1", EVENT, now_ms, 1) == Told()
        (request,) = server.requests
        for key in (KEY, OLD):  # both verify while a key is changed
            assert Webhook(key).verify(request.body, request.headers) == EVENT
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").verify(request.body, request.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(KEY).verify(request.body.replace(b"reply", b"Reply"), request.headers)
        assert request.headers["webhook-id"] == "evt_1"


def test_the_id_stays_and_the_time_is_that_of_the_try():
    first, second = (signed(endpoint(1), "evt_1", "{}", at) for at in (1_795_536_000_000, 1_795_622_400_000))
    assert first["webhook-id"] == second["webhook-id"]
    assert second["webhook-timestamp"] == "1795622400"
    assert first["webhook-signature"] != second["webhook-signature"]


def test_a_signature_by_hand_is_the_same():
    """Standard Webhooks 1.0: HMAC-SHA256 over id.timestamp.body with the key's bytes, in base64."""
    import base64
    import hashlib
    import hmac

    body = json.dumps(EVENT)
    found = signed(endpoint(1), "evt_9", body, 1_795_536_000_999)
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    wanted = hmac.new(key, f"evt_9.1795536000.{body}".encode(), hashlib.sha256).digest()
    assert found["webhook-signature"] == "v1," + base64.b64encode(wanted).decode()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("200 OK", Told),
        ("202 Accepted", Told),
        ("301 Moved", Again),
        ("307 Temporary Redirect", Again),
        ("400 Bad Request", Again),
        ("401 Unauthorized", Again),
        ("404 Not Found", Again),
        ("410 Gone", Never),
        ("429 Too Many Requests", Again),
        ("500 Oops", Again),
        ("503 Unavailable", Again),
    ],
)
async def test_what_a_status_means(webhooks, answer, outcome):
    async with a_server() as server, a_server() as elsewhere:
        server.answer, server.extra = answer, f"location: http://127.0.0.1:{elsewhere.port}/\r\nretry-after: 120\r\n"
        found = await webhooks.post(endpoint(server.port), "evt_1", EVENT, 0, 1)
        assert isinstance(found, outcome), found
        assert elsewhere.requests == [], "a redirect was followed"
        assert len(server.requests) == 1
        if "429" in answer:
            assert found.wait_ms == 120_000


def test_every_status_has_a_meaning_and_a_refusal_of_one_event_stops_no_other():
    for status in range(100, 600):
        found = of_status(status)
        assert isinstance(found, Told) is (200 <= status < 300), status
        assert (isinstance(found, Never) and found.gone) is (status == 410)
    assert of_status(422) == Again("it refuses this event (422)", all=False)
    assert isinstance(of_status(422, tries=5), Never)
    assert not of_status(422, tries=5).gone
    for bad in ("soon", "-1", "١", "9" * 30):
        assert 0 <= of_status(503, bad).wait_ms <= 24 * 3_600_000


async def test_an_answer_without_end_is_not_read(webhooks):
    async def flood(reader, writer):
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    async with server:
        began = time.monotonic()
        assert await webhooks.post(endpoint(server.sockets[0].getsockname()[1]), "evt_1", EVENT, 0, 1) == Told()
        assert time.monotonic() - began < 4


async def test_what_is_not_there_does_not_answer_or_is_no_http_ends_in_words(webhooks):
    async with a_server() as server:
        port = server.port
    assert "could not be reached" in (await webhooks.post(endpoint(port), "evt_1", EVENT, 0, 1)).reason
    slow = Webhooks(deadline_s=0.2)
    async with a_server() as server:
        server.delay = 3
        found = await slow.post(endpoint(server.port), "evt_1", EVENT, 0, 1)
        assert found == Again("no answer within 0 s")
    await slow.close()
    async with a_server() as server:
        server.answer = "what\r\n\r\n\x00\x01"
        assert isinstance(await webhooks.post(endpoint(server.port), "evt_1", EVENT, 0, 1), Again)
    assert "key" in (await webhooks.post(endpoint(1, "whsec_!"), "evt_1", EVENT, 0, 1)).reason


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own imports
async def test_apprise_tells_by_a_real_plugin_and_its_addresses_are_in_no_log(caplog):
    caplog.set_level("DEBUG")
    async with a_server() as server:
        server.answer = "200 OK"
        address = f"json://user:hush@127.0.0.1:{server.port}/x"
        assert await Apprise().tell([address], "[10] URGENT", "call back") == Told()
        (request,) = server.requests
        assert json.loads(request.body)["title"] == "[10] URGENT"
        assert json.loads(request.body)["message"] == "call back"
        server.answer = "500 Oops"
        assert isinstance(await Apprise().tell([address], "t", "b"), Again)
    assert "hush" not in caplog.text
    assert isinstance(await Apprise().tell(["nonsense://x"], "t", "b"), Never)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own imports
async def test_a_customers_words_are_no_markup_in_a_mail(monkeypatch):
    from apprise.plugins.email import base

    mails = []

    class MailServer(contextlib.nullcontext):
        def __init__(self, **_):
            super().__init__(self)

        def sendmail(self, _, to, body):
            mails.append(body)
            return True

    monkeypatch.setattr(base, "AppriseSMTPController", MailServer)
    body = 'answer\n"<img src=https://x.invalid/p> **now** & &lt;b&gt;"\nlast line'
    assert await Apprise().tell(["mailto://u:p@example.com"], "<b>t</b>", body) == Told()
    (mail,) = mails
    texts = [one for one in message_from_string(mail).walk() if one.get_content_maintype() == "text"]
    said = {one.get_content_subtype(): one.get_payload(decode=True).decode() for one in texts}
    assert "<img" not in said.get("html", "")
    assert body in said["plain"]


async def test_apprise_that_hangs_neither_holds_the_loop_nor_piles_up(monkeypatch):
    from textback_pbx.tasks import notify_channels

    hang = asyncio.Event()
    loop = asyncio.get_running_loop()
    released = []

    def work(*_):
        future = asyncio.run_coroutine_threadsafe(hang.wait(), loop)
        future.result()
        released.append(1)
        return Told()

    monkeypatch.setattr(notify_channels, "_tell", work)
    teller = Apprise(deadline_s=0.05)
    for _ in range(4):
        assert (await teller.tell(["x"], "t", "b")).reason == "no answer within 0 s"
    assert (await teller.tell(["x"], "t", "b")).reason == "4 earlier messages still hang"
    hang.set()
    async with asyncio.timeout(5):
        while teller._hanging:  # noqa: ASYNC110 - the threads end in real time
            await asyncio.sleep(0.005)
    assert await teller.tell(["x"], "t", "b") == Told()
