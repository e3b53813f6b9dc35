"""What an installer can get wrong on the PBX's side, found and named with its fix. Reads only; changes nothing.

Four sources, from the surest: Asterisk's own console where the doctor runs on the same machine and may use it, one
login with the agent's own account, what the agent has heard so far, and Asterisk's files. What none of them can tell
is said to be unknown, with the command that tells it; it is never called good.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from textback_pbx.calls.items import Connected, Devices, Disconnected, Down
from textback_pbx.calls.phones import Phones
from textback_pbx.calls.selftest import NEEDED, Seen
from textback_pbx.calls.session import AmiSession
from textback_pbx.calls.settings import AmiSettings
from textback_pbx.clock import Clock
from textback_pbx.findings import Finding, failed, passed, warn

#: Runs one console command; None when there is no console here or it may not be used.
Console = Callable[[str], Awaitable[str | None]]

#: Actions that no reader of calls needs: who has them can place calls or change the PBX.
_TOO_MUCH = ("originate", "command", "updateconfig", "getconfig", "redirect", "hangup", "setvar", "dbput", "mixmonitor")
_CHECK_OF = {
    Down.UNREACHABLE: "pbx.reach",
    Down.CLOSED: "pbx.reach",
    Down.SILENT: "pbx.reach",
    Down.PROTOCOL: "pbx.reach",
    Down.OVERFLOW: "pbx.reach",
    Down.UNTRUSTED: "pbx.tls",
    Down.REFUSED: "pbx.login",
}
_LOOPBACK = ("127.", "localhost", "::1")
_ACCOUNT = "asterisk/README.md shows the account; then: asterisk -rx 'manager reload', and restart the agent"
_CHANNELVARS = "put channelvars = CALLERID(pres) into [general] of manager.conf; asterisk -rx 'manager reload'"
_FREEPBX = (
    "make it channelvars = CALLERID(pres),CALLINGNUMPRES_SV in manager_custom.conf; asterisk -rx 'manager reload'"
)
_CDR = "put unanswered = yes into [general] of cdr.conf; asterisk -rx 'module reload cdr'"


async def login(settings: AmiSettings, clock: Clock) -> Connected | Disconnected:
    """Log in once with the agent's account, and out again. The agent's own session is not touched."""
    return (await look(settings, clock))[0]


async def look(settings: AmiSettings, clock: Clock) -> tuple[Connected | Disconnected, Devices | None]:
    """The same with the phones' states, where the PBX tells them."""
    session = AmiSession(settings, clock)
    running = asyncio.ensure_future(session.run())
    try:
        item = await session.items.get()
        while not isinstance(item, Connected | Disconnected):
            item = await session.items.get()
        return item, await _devices(session, item)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _devices(session: AmiSession, item: Connected | Disconnected) -> Devices | None:
    if isinstance(item, Disconnected) or "devicestatelist" not in item.may:
        return None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(session.settings.answer_s):
            while not isinstance(told := await session.items.get(), Devices | Disconnected):
                pass
            return told if isinstance(told, Devices) else None
    return None


def session(settings: AmiSettings, item: Connected | Disconnected, devices: Devices | None = None) -> list[Finding]:
    """Judge one login: reached, trusted, let in, allowed to ask, and not allowed too much."""
    where = f"{settings.host}:{settings.port}"
    if isinstance(item, Disconnected):
        return [failed(_CHECK_OF[item.reason], item.message, _FIXES.get(item.reason, _FIXES[Down.UNREACHABLE]))]
    found = [
        passed("pbx.reach", f"{where} answers: Asterisk {item.version}"),
        passed("pbx.login", f"the account {settings.username!r} logs in"),
        _way(settings),
    ]
    found += [failed("pbx.reporting", words, f"write = reporting: {_ACCOUNT}") for words in item.warnings]
    if not item.warnings:
        found.append(passed("pbx.reporting", "the account may ask for live calls and the start time"))
    too_much = sorted(set(_TOO_MUCH) & item.may)
    if too_much:
        says = f"the account may do more than listen: {', '.join(too_much)}"
        found.append(warn("pbx.least_privilege", says, f"give the agent an account of its own: {_ACCOUNT}"))
    else:
        found.append(passed("pbx.least_privilege", "the account can place no call and change nothing"))
    found.append(_phones(item, devices))
    return found


def _phones(item: Connected, devices: Devices | None) -> Finding:
    if "devicestatelist" not in item.may:
        says = "the PBX does not tell which phones are registered: an unreachable desk cannot be named"
        fix = "asterisk -rx 'module load res_manager_devicestate.so', and a load line in modules.conf"
        return warn("pbx.phones", says, fix)
    phones = Phones()
    phones.look(devices.states if devices else {}, 0)
    away = ", ".join(one.phone for one in phones.away())
    now = f"; not registered now: {away}" if away else ""
    return passed("pbx.phones", f"the PBX tells which phones are registered{now}")


def _way(settings: AmiSettings) -> Finding:
    if settings.tls:
        return passed("pbx.tls", "the connection is encrypted, and the PBX's certificate was verified")
    if settings.host.startswith(_LOOPBACK):
        return passed("pbx.tls", "the PBX is on this machine: no encryption is needed")
    says = f"the connection to {settings.host} is not encrypted: who listens on the way hears every caller's number"
    return warn("pbx.tls", says, "ami.tls = true and ami.ca_file; tlsenable = yes in manager.conf (asterisk/README.md)")


_FIXES = {
    Down.UNREACHABLE: "asterisk -rx 'manager show settings' must say Yes, and the address of [ami]; is Asterisk up?",
    Down.UNTRUSTED: "see the message; asterisk/README.md shows how a certificate is made",
    Down.REFUSED: "asterisk -rx 'manager show users' must list the account; compare secret, permit and deny",
}


# what was heard ----------------------------------------------------------------------------------------------


def heard(settings: AmiSettings, seen: Seen) -> list[Finding]:
    """Judge what the agent has heard so far: the needed events, the presentation, the contexts."""
    return [_events(seen), _contexts(seen), *_shown(settings, seen)]


_CALL_ONCE = "call the office once from a mobile, let somebody answer, and run this again"


def _events(seen: Seen) -> Finding:
    missing = [name for name in NEEDED if name not in seen.events]
    if len(missing) == len(NEEDED):
        return warn("pbx.events", "no call has been heard yet", _CALL_ONCE)
    if missing == ["BridgeEnter"]:
        return warn("pbx.events", "no answered call has been heard yet", _CALL_ONCE)
    if missing:
        says = f"calls are heard, but never {', '.join(missing)}"
        return failed("pbx.events", says, f"read = call,agent,user, and no eventfilter that hides them: {_ACCOUNT}")
    return passed("pbx.events", f"the events a call needs arrive: {', '.join(NEEDED)}")


def _contexts(seen: Seen) -> Finding:
    strangers = ", ".join(repr(name) for name in seen.strangers)
    if seen.strangers:
        says = f"calls with outside numbers come in through {strangers}, which is no context of ami.contexts"
        fix = f"if that is a trunk's, add {strangers} to ami.contexts (or its channel name to ami.trunks)"
        return (warn if seen.trunks else failed)("pbx.contexts", says, fix)
    if seen.trunks:
        return passed("pbx.contexts", f"calls come in through {', '.join(seen.trunks)}")
    return warn("pbx.contexts", "no call from outside has been seen yet", _CALL_ONCE)


def _shown(settings: AmiSettings, seen: Seen) -> list[Finding]:
    if seen.presentation:
        return [passed("pbx.presentation", "Asterisk says who withholds his number")]
    if "Newchannel" not in seen.events:
        return []
    return [_no_presentation(settings, "calls are heard without CALLERID(pres)")]


def _no_presentation(settings: AmiSettings, how: str) -> Finding:
    if settings.without_presentation:
        says = f"{how}; somebody opted in to texting all the same: a withheld number may be texted"
        return warn("pbx.presentation", says, _CHANNELVARS)
    return failed("pbx.presentation", f"{how}: nobody is texted, or a withheld number could be", _CHANNELVARS)


# Asterisk's console, or its files ----------------------------------------------------------------------------


async def asterisk_console(command: str) -> str | None:
    """Run ``asterisk -rx COMMAND``; None when there is none here, or this user may not."""
    with contextlib.suppress(OSError, TimeoutError):
        process = await asyncio.create_subprocess_exec(
            "asterisk", "-rx", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(10):
                out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return out.decode("utf-8", "replace") if process.returncode == 0 else None
    return None


async def console(settings: AmiSettings, ask: Console, folder: Path = Path("/etc/asterisk")) -> list[Finding]:
    """Look at what only Asterisk itself knows: channelvars, the account's classes, records of unanswered calls."""
    if not settings.host.startswith(_LOOPBACK):
        return [_elsewhere("pbx.cdr", "another machine's")]
    shown, account, cdr = [
        await ask(command)
        for command in ("manager show settings", f"manager show user {settings.username}", "cdr show status")
    ]
    shown = shown or _file(folder, "manager.conf", "manager.d/*.conf", "manager_custom.conf")
    freepbx = (folder / "extensions_additional.conf").exists()  # FreePBX writes it, Issabel too
    found = [_channelvars(settings, shown, freepbx=freepbx)]
    found.append(_classes(account))
    found.append(_unanswered(cdr or _file(folder, "cdr.conf")))
    return [one for one in found if one is not None]


def _elsewhere(check: str, whose: str = "not to be seen from here") -> Finding:
    says = f"whether records of unanswered calls are written is {whose} to tell"
    return warn(check, says, "there: asterisk -rx 'cdr show status' must say: Log unanswered calls: Yes")


def _channelvars(settings: AmiSettings, text: str | None, *, freepbx: bool) -> Finding | None:
    if text is None:
        return None
    lines = re.findall(r"(?im)^[ \t]*channel ?vars[ \t]*[:=]>?[ \t]*(.*)$", text)
    if any("callerid(pres)" in line.lower().replace(" ", "") for line in lines):
        if freepbx and not any("callingnumpres_sv" in line.lower() for line in lines):
            says = "FreePBX's inbound routes set every caller to allowed: a withheld number can look like a given one"
            return failed("pbx.channelvars", says, _FREEPBX)
        return passed("pbx.channelvars", "channelvars has CALLERID(pres)")
    return _no_presentation(settings, "channelvars = CALLERID(pres) is missing in manager.conf")


def _classes(text: str | None) -> Finding | None:
    match = re.search(r"(?im)^[ \t]*read perm:[ \t]*(.*)$", text or "")
    if match is None:
        return None
    has = {word.strip() for word in match[1].split(",")}
    missing = [] if "all" in has else [name for name in ("call", "agent", "user") if name not in has]
    if missing:
        says = f"the account does not read {', '.join(missing)}"
        return failed("pbx.classes", says, f"read = call,agent,user: {_ACCOUNT}")
    return passed("pbx.classes", f"the account reads {match[1].strip()}")


def _unanswered(text: str | None) -> Finding:
    match = re.search(r"(?im)^[ \t]*(?:log )?unanswered(?: calls)?[ \t]*[:=]>?[ \t]*(\w+)", text or "")
    if text is None:
        return _elsewhere("pbx.cdr")
    if match and match[1].lower() in ("yes", "true", "on", "1", "y", "t"):
        return passed("pbx.cdr", "records of unanswered calls are written")
    says = "no records of unanswered calls are written: a call missed while the agent was away can leave no trace"
    return warn("pbx.cdr", says, _CDR)


def _file(folder: Path, *patterns: str) -> str | None:
    """The text of configuration files, as far as this user may read them; None when there is none."""
    texts = []
    for path in (path for pattern in patterns for path in sorted(folder.glob(pattern))):
        with contextlib.suppress(OSError):
            texts.append(re.sub(r";.*", "", path.read_text(encoding="utf-8", errors="replace")))
    return "\n".join(texts) if texts else None
