"""On a kernel's PYTHONPATH this cuts the network: Python runs it at start-up, child processes included.

An audit hook sees every call, whichever library makes it, and cannot be removed by the code under test. Programs that
are not Python (curl, git) are not covered.
"""

import sys

LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1", "", None}
CALLS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto", "socket.sendmsg"}


class OfflineError(OSError):
    """The course tried to leave this machine."""


def refuse_the_network(event, args):
    """Raise OfflineError for a look-up of, or a packet to, any host but this one."""
    if event not in CALLS:
        return
    # connect, sendto and sendmsg pass (socket, address); the look-ups pass the host first
    address = args[1] if event in {"socket.connect", "socket.sendto", "socket.sendmsg"} else args[0]
    if isinstance(address, tuple):  # an address of another kind (None, a Unix socket's path) stays on this machine
        host = address[0]
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = address
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL_HOSTS and not str(host).startswith("127."):
        raise OfflineError(
            f"the notebooks run without a network, but this code asked for {host!r}: "
            "use what pip has installed, or keep the file in the package"
        )


sys.addaudithook(refuse_the_network)
