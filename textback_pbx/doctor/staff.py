"""Whether those who are to be told can be: mail servers and other addresses of the staff. Nothing is sent.

An address holds passwords: it is never said, only whose it is, its kind, and the server's name.
"""

import asyncio
import contextlib
import importlib.util
import logging
from typing import Any

from textback_pbx.config import Settings
from textback_pbx.findings import Finding, failed, passed, warn
from textback_pbx.pipeline.staffing import addresses_of

_CONNECT_S = 5.0
_CHECK = "notify.address"
_INSTALL = "pip install 'textback-pbx[notify]' where textback-pbx is installed; the Debian package has it"
#: Kinds of address that name the server they go to; the others go to a service's own.
_OWN_SERVER = ("NotifyJSON", "NotifyXML", "NotifyForm")


async def addresses(settings: Settings) -> list[Finding]:
    """Whether each address is one that can be told, and whether its mail server takes a connection."""
    everyone = addresses_of(settings)
    if not everyone:
        return []
    if importlib.util.find_spec("apprise") is None:
        return [failed(_CHECK, "addresses are configured, and the library that tells them is not installed", _INSTALL)]
    rows = [(name or "the office", one) for name, many in everyone.items() for one in many]
    plugins = await asyncio.to_thread(_read, rows)
    return list(await asyncio.gather(*(_reach(whose, plugin) for whose, plugin in plugins)))


def _read(rows: list[tuple[str, str]]) -> list[tuple[str, Any]]:
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses, and these hold passwords
    import apprise

    return [(whose, apprise.Apprise.instantiate(address)) for whose, address in rows]


async def _reach(whose: str, plugin: Any) -> Finding:
    if plugin is None:
        says = f"{whose}: Apprise does not understand an address"
        return failed(_CHECK, says, "write it like mailto://user:password@example.com (github.com/caronc/apprise)")
    kind = type(plugin).__name__.removeprefix("Notify").lower()
    host, port = _server(plugin)
    if not host:
        return passed(_CHECK, f"{whose}: an address of {kind}; try it: textback-pbx notify test NAME")
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        says = f"{whose}: {host}:{port} ({kind}) cannot be reached ({error or 'no answer'})"
        return warn(_CHECK, says, "messages wait and are tried again; check the address, the port and the network")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return passed(_CHECK, f"{whose}: {host}:{port} ({kind}) takes connections; try it: textback-pbx notify test NAME")


def _server(plugin: Any) -> tuple[str, int]:
    """Return where a message would go, ``("", 0)`` where only the service knows."""
    if getattr(plugin, "smtp_host", None):
        return str(plugin.smtp_host), int(plugin.port)
    if type(plugin).__name__ in _OWN_SERVER:
        return str(plugin.host), int(plugin.port or (443 if plugin.secure else 80))
    return "", 0
