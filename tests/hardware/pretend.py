"""Pretend USB devices: a sysfs tree that the real udevadm walks, in a mount namespace of its own.

systemd documents SYSTEMD_DEVICE_VERIFY_SYSFS=0 for tests like this: the tree under /sys need not be the kernel's.
"""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_USB = "devices/platform/usb1"
_QUIET = "mount -t proc proc {root}/proc && mount --bind {tree} {root}/sys && exec chroot {root} {command}"


@dataclass(frozen=True)
class Stick:
    """A USB device in a socket (`1-1`, `1-1.2`), with one serial port for each interface number."""

    vendor: str
    product: str
    ports: dict[str, int] = field(default_factory=dict)  # interface number -> n of ttyUSBn
    socket: str = "1-1"
    name: str = "Stick"

    @property
    def folder(self) -> str:
        return f"{_USB}/{self.socket}"


class Tree:
    """A pretend /sys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._device("devices/platform", "bus/platform")
        self._device(_USB, "bus/usb", "DEVTYPE=usb_device\n", idVendor="1d6b", idProduct="0002")

    def plug(self, stick: Stick) -> None:
        of_usb = f"DEVTYPE=usb_device\nPRODUCT={stick.vendor}/{stick.product}/318\n"
        of_usb += "MAJOR=189\nMINOR=5\nDEVNAME=bus/usb/001/006\n"
        self._device(
            stick.folder,
            "bus/usb",
            of_usb,
            idVendor=stick.vendor,
            idProduct=stick.product,
            product=stick.name,
            dev="189:5",
            busnum="1",
            devnum="6",
            **{"power/control": "auto"},
        )
        for interface, number in stick.ports.items():
            place = f"{stick.folder}/{stick.socket}:1.{int(interface, 16)}"
            self._device(place, "bus/usb", "DEVTYPE=usb_interface\n", bInterfaceNumber=interface)
            self._device(f"{place}/ttyUSB{number}", "bus/usb-serial")
            tty = f"{place}/ttyUSB{number}/tty/ttyUSB{number}"
            uevent = f"MAJOR=188\nMINOR={number}\nDEVNAME=ttyUSB{number}\n"
            self._device(tty, "class/tty", uevent, dev=f"188:{number}")
            self._link(self.folder / "class/tty" / f"ttyUSB{number}", self.folder / tty)

    def _device(self, path: str, subsystem: str, uevent: str = "", **attributes: str) -> None:
        folder = self.folder / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "uevent").write_text(uevent)
        for name, value in attributes.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(f"{value}\n")
        (self.folder / subsystem).mkdir(parents=True, exist_ok=True)
        self._link(folder / "subsystem", self.folder / subsystem)

    def _link(self, link: Path, target: Path) -> None:
        link.symlink_to(os.path.relpath(target, link.parent))


class Udev:
    """The udevadm of a Debian root, with rules of ours installed beside its own for as long as this lives."""

    def __init__(self, root: Path, rules: Path) -> None:
        self._root = root
        self._rules = rules
        self._folder = Path(tempfile.mkdtemp(dir=root / "tmp"))
        shutil.copy(rules, self._folder / rules.name)

    def close(self) -> None:
        shutil.rmtree(self._folder)

    def run(self, tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "SYSTEMD_DEVICE_VERIFY_SYSFS": "0"}
        command = _QUIET.format(root=self._root, tree=tree, command=" ".join(("udevadm", *words)))
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", command], env=environment, capture_output=True, text=True, check=False
        )

    def verify(self, tree: Path) -> subprocess.CompletedProcess[str]:
        return self.run(tree, "verify", self._inside(self._rules.name))

    def test(self, tree: Path, device: str) -> tuple[dict[str, Any], str]:
        """What udev would make of a device that has just come: its record, and what it said on the way."""
        words = [
            "test",
            "--action=add",
            "--verbose",
            "--json=short",
            f"--extra-rules-dir={self._inside()}",
            f"/sys/{device}",
        ]
        done = self.run(tree, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr

    def _inside(self, name: str = "") -> str:
        return "/" + str((self._folder / name).relative_to(self._root))
