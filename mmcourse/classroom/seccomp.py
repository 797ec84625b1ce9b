"""A filter of system calls: what no notebook needs, and what would reach past the walls or into the kernel's cellar.

Mounts, namespaces and other processes' memory are locked by privileges already; here they are locked twice. The
keyring and the sockets of virtual machines know no namespace that is private to a submission: only this keeps them
shut.
"""

import ctypes
import errno
import platform
import socket
import struct

# (on x86_64, on aarch64)
DENIED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
MACHINES = {"x86_64": (0, 0xC000003E, 41), "aarch64": (1, 0xC00000B7, 198)}  # column, its number for audits, socket()
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6) if hasattr(socket, "AF_UNIX") else ()
OTHER_NUMBERING = 0x40000000  # calls of x86_64's 32-bit cousin begin here

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the kernel's filter machine
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # REFUSE | the error that the call returns
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # where they stand in what the filter sees


def program(machine: str) -> bytes:
    """The filter for that machine. Raises KeyError for one whose numbers are not known."""
    column, audit, socket_number = MACHINES[machine]
    steps = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, audit), _refuse(errno.EPERM), (LOAD, 0, 0, NUMBER)]
    steps += [(AT_LEAST, 0, 1, OTHER_NUMBERING), _refuse(errno.ENOSYS)]
    for numbers in DENIED.values():
        steps += [(EQUAL, 0, 1, numbers[column]), _refuse(errno.EPERM)]
    steps += [(EQUAL, 1, 0, socket_number), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, FIRST_ARGUMENT)]
    for family in FAMILIES:
        steps += [(EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in [*steps, _refuse(errno.EAFNOSUPPORT)])


def install() -> None:
    """From now on, for this process and all that come from it. Raises OSError if the kernel does not take it."""
    if platform.machine() not in MACHINES:
        return
    code = program(platform.machine())
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = [("steps", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    system = ctypes.CDLL(None, use_errno=True)
    described = Program(len(code) // 8, ctypes.addressof(buffer))
    no_new_privileges, filters, by_program = 38, 22, 2
    if system.prctl(no_new_privileges, 1, 0, 0, 0) or system.prctl(filters, by_program, ctypes.byref(described), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


def _refuse(error: int) -> tuple[int, int, int, int]:
    return RETURN, 0, 0, REFUSE | error
