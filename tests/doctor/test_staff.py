"""Whether the staff's addresses can be told, each planted fault named with its fix and no password."""

import asyncio
from pathlib import Path

import pytest

from textback_pbx.config import parse
from textback_pbx.doctor import staff
from textback_pbx.findings import Level

# One of Apprise's many services imports a module that leaves Python with 3.13; the library knows.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def settings_of(*addresses):
    return parse(f'[office]\nname = "x"\n[notify]\naddresses = {list(addresses)!r}\n', Path("c.toml"))


async def test_nobody_to_be_told_is_nothing_to_be_said():
    assert await staff.addresses(settings_of()) == []


async def test_a_mail_server_that_takes_connections_and_one_that_is_gone():
    served = asyncio.Event()

    async def serve(_, writer):
        writer.close()
        await writer.wait_closed()
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = settings_of(f"mailto://kim:a-secret-word@127.0.0.1:{port}?from=a@office.example&to=b@office.example")
    [found] = await staff.addresses(settings)
    assert (found.level, f"127.0.0.1:{port}" in found.says) == (Level.PASS, True)
    await served.wait()
    server.close()
    await server.wait_closed()
    [found] = await staff.addresses(settings)
    assert (found.level, bool(found.fix)) == (Level.WARN, True)
    assert "a-secret-word" not in found.says + found.fix


async def test_an_address_nobody_understands_and_a_service_whose_server_it_does_not_name():
    wrong, chat = await staff.addresses(settings_of("nonsense://a-secret-word@x", "ntfy://a-topic"))
    assert (wrong.level, "a-secret-word" in wrong.says) == (Level.FAIL, False)
    assert (chat.level, "notify test" in chat.says) == (Level.PASS, True)


async def test_the_library_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(staff.importlib.util, "find_spec", lambda _: None)
    [found] = await staff.addresses(settings_of("ntfy://a-topic"))
    assert (found.level, "notify" in found.fix) == (Level.FAIL, True)
