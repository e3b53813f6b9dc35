"""One serial port on the event loop. The only importer of pyserial.

Opened by its stable name (``/dev/serial/by-id/...``), exclusively, non-blocking; read when the loop says so.
``socket://`` and ``rfc2217://`` reach a modem on another host: a socket is read like a tty, RFC 2217 through a
thread, because pyserial gives it none. An unplug shows as a read that fails, within a turn of the loop. What
cannot be opened is a :class:`PortProblem` that says what to do.
"""

import asyncio
import contextlib
import errno
import os
import termios
import threading
from collections.abc import Callable
from typing import Any, Protocol

from textback_pbx.modem.holders import PortLock, PortProblem, claim, explain, refuse_if_held

_CHUNK = 4_096
_MAX_UNSENT = 65_536


class Port(Protocol):
    """An open port. ``on_bytes`` and ``on_lost`` are called in the loop's thread."""

    def write(self, data: bytes) -> None:
        """Send in order, now or as the device takes it; what a lost port gets is dropped."""
        ...

    @property
    def unsent(self) -> int:
        """Bytes the device has not taken yet."""
        ...

    def close(self) -> None:
        """Give the port back; nothing is called any more. May be called twice."""
        ...


OnBytes = Callable[[bytes], None]
OnLost = Callable[[str], None]


async def open_port(url: str, baudrate: int, on_bytes: OnBytes, on_lost: OnLost) -> Port:
    """Open ``url`` (a device path, ``socket://host:port`` or ``rfc2217://host:port``); raises :class:`PortProblem`."""
    lock = PortLock()
    if "://" not in url:
        refuse_if_held(url)
        lock.take(url)
    try:
        device = await asyncio.to_thread(_open, url, baudrate)
    except BaseException as error:
        lock.release()
        if isinstance(error, OSError | ValueError):
            raise PortProblem(await asyncio.to_thread(explain, url, error)) from error
        raise
    descriptor = _descriptor(device)
    if descriptor is not None and "://" not in url:
        claim(descriptor, url)
    if descriptor is None:
        return _ThreadPort(device, on_bytes, on_lost)
    return _LoopPort(device, descriptor, lock, on_bytes, on_lost)


def _open(url: str, baudrate: int) -> Any:
    import serial

    if url.startswith("rfc2217://"):  # changing anything later would negotiate again, and block
        options: dict[str, Any] = {"baudrate": baudrate, "timeout": 0.5}
    else:
        options = {"baudrate": baudrate, "timeout": 0, "write_timeout": 0}
    if "://" not in url:
        # Flow control stays off: with rtscts a stick without the wires never sends.
        options |= {"exclusive": True, "rtscts": False, "dsrdtr": False, "xonxoff": False}
    try:
        return serial.serial_for_url(url, **options)
    except serial.SerialException as error:
        if isinstance(error.__context__, termios.error):
            raise OSError(errno.ENOTTY, "not a terminal") from error
        if isinstance(error.__context__, OSError):
            raise error.__context__ from error
        raise


def _descriptor(device: Any) -> int | None:
    try:
        return int(device.fileno())
    except (AttributeError, OSError, TypeError):
        return None


class _LoopPort:
    """A tty or a socket: the loop watches its file descriptor."""

    def __init__(self, device: Any, descriptor: int, lock: PortLock, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self._device = device
        self._fd = descriptor
        self._lock = lock
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._out = bytearray()
        self._open = True
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._readable)

    @property
    def unsent(self) -> int:
        """Bytes the device has not taken yet."""
        return len(self._out)

    def write(self, data: bytes) -> None:
        """Send in order, now or as the device takes it."""
        if not self._open:
            return
        waiting = bool(self._out)
        self._out += data
        if not waiting:
            self._writable()

    def close(self) -> None:
        """Give the port back."""
        if self._open:
            self._stop()
            with contextlib.suppress(OSError):
                os.write(self._fd, self._out)  # an ESC that waited behind a full buffer: try once more
            with contextlib.suppress(Exception):
                self._device.close()
            self._lock.release()

    def _stop(self) -> None:
        self._open = False
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(f"the port is gone ({error.strerror or error})")
            return
        if data:
            self._on_bytes(data)
        else:
            self._lose("the port is gone (hang-up)")

    def _writable(self) -> None:
        try:
            while self._out:
                del self._out[: os.write(self._fd, self._out)]
        except BlockingIOError:
            if len(self._out) > _MAX_UNSENT:
                self._lose("the device takes no bytes")
                return
            self._loop.add_writer(self._fd, self._writable)
            return
        except OSError as error:
            self._lose(f"the port is gone ({error.strerror or error})")
            return
        self._loop.remove_writer(self._fd)

    def _lose(self, why: str) -> None:
        if self._open:
            self._out.clear()
            self.close()
            # Not from inside a write: its caller is in the middle of a step of its own.
            self._loop.call_soon(self._on_lost, why)


class _ThreadPort:
    """RFC 2217: pyserial keeps its own thread and queue, so one more thread reads that queue."""

    def __init__(self, device: Any, on_bytes: OnBytes, on_lost: OnLost) -> None:
        self._device = device
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._open = True
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="rfc2217", daemon=True).start()

    @property
    def unsent(self) -> int:
        """Always 0: the network buffer has it."""
        return 0

    def write(self, data: bytes) -> None:
        """Send at once; the socket beneath buffers."""
        if self._open:
            try:
                self._device.write(data)
            except (OSError, ValueError) as error:
                self._loop.call_soon(self._lose, f"the connection is gone ({error})")

    def close(self) -> None:
        """Hang up; the thread does it within its read's half second, because pyserial's close waits for one."""
        self._open = False

    def _read(self) -> None:
        self._until_closed()
        with contextlib.suppress(Exception):
            self._device.close()

    def _until_closed(self) -> None:
        while self._open:
            try:
                data = self._device.read(1)
                data += self._device.read(self._device.in_waiting) if data else b""
            except Exception as error:  # noqa: BLE001 - whatever pyserial raises here, the port is gone
                self._call(self._lose, f"the connection is gone ({error})")
                return
            if data:
                self._call(self._give, data)

    def _call(self, what: Callable[..., None], argument: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(what, argument)

    def _give(self, data: bytes) -> None:
        if self._open:
            self._on_bytes(data)

    def _lose(self, why: str) -> None:
        if self._open:
            self.close()
            self._on_lost(why)


__all__ = ["Port", "PortProblem", "open_port"]
