"""Puts this process, and all it starts from now on, into a network namespace that has nothing but loopback.

Asterisk's resolver opens a port on every address whatever its configuration says; here there is no other address.
It also keeps two runs of the bench on one machine apart. Installing packages comes before this.
"""

import ctypes
import fcntl
import os
import socket
import struct

from tests.asterisk.install import BenchProblem

CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCSIFFLAGS = 0x8914  # linux/sockios.h
IFF_UP = 0x1


def isolate() -> None:
    """Enters a fresh namespace and brings loopback up there; raises BenchProblem when the kernel says no."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        reason = os.strerror(ctypes.get_errno())
        raise BenchProblem(
            f"make test-asterisk could not make a network namespace of its own ({reason}): it needs root with "
            "CAP_SYS_ADMIN, in a container too."
        )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
