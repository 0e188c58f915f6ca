"""What a submission's process gives up before it runs a stranger's code.

Limits of time, memory and file size on any POSIX system. On Linux, where the kernel allows it: a
process tree, a network and shared memory of its own (namespaces), and a file system of which it can
write its folder alone (Landlock). Each that is missing is left out; `confine` tells which hold, and
docs/course.md what follows.
"""

import ctypes
import os
import struct
import sys
from pathlib import Path

NEW_USER, NEW_PROCESSES, NEW_NETWORK, NEW_IPC = 0x10000000, 0x20000000, 0x40000000, 0x08000000
DIE_WITH_PARENT, NO_NEW_PRIVILEGES = 1, 38  # prctl
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = (
    444,
    445,
    446,
)  # Landlock's system calls, the same on every processor
READ, WRITE_FILE, TRUNCATE, ALL_FILES = 0b1101, 0b10, 1 << 14, (1 << 13) - 1
READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/dev", "/proc", "/sys")
PROCESSES = 64
FILE_SIZE = 2**24


def limit(seconds: int, memory: int) -> None:
    """Limit processor seconds, bytes of address space, and bytes of a file, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the clock of the checker alone
        return
    for name, value in (
        ("RLIMIT_CPU", seconds + 1),
        ("RLIMIT_AS", memory),
        ("RLIMIT_FSIZE", FILE_SIZE),
        ("RLIMIT_CORE", 0),
    ):
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(which, (least, least))
        except (ValueError, OSError):  # macOS refuses some
            continue


def confine(folder: Path) -> list[str]:
    """Leave the reach of other processes, of the network and of all files outside a folder.

    Parameters
    ----------
    folder : Path
        The only one that may still be written.

    Returns
    -------
    list of str
        Which of "processes" and "files" now hold; none outside Linux.
    """
    if sys.platform != "linux":
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    held = ["processes"] if _own_processes(libc) else []
    _continue_as_child()
    if held:
        libc.prctl(DIE_WITH_PARENT, 9, 0, 0, 0)
        _limit_processes()
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return [*held, "files"] if _leave_files(libc, folder) else held


def _own_processes(libc: ctypes.CDLL) -> bool:
    """From the next child on, a tree of processes of its own, which ends with its first."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(NEW_USER | NEW_PROCESSES | NEW_NETWORK | NEW_IPC):
        return False
    maps = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
    for name, text in maps.items():
        try:
            Path("/proc/self", name).write_text(text)
        except OSError:  # it stays nobody, which may be enough
            continue
    return True


def _continue_as_child() -> None:
    """Leave a parent behind that only waits, so that who ends its parent does not end the checker."""
    inner = os.fork()
    if inner:
        status = os.waitpid(inner, 0)[1]
        os._exit(os.waitstatus_to_exitcode(status) & 0x7F)


def _limit_processes() -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = PROCESSES if hard == resource.RLIM_INFINITY else min(PROCESSES, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _leave_files(libc: ctypes.CDLL, folder: Path) -> bool:
    """Landlock: read what Python is made of, write the folder and /dev/null, and nothing else."""
    version = libc.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    handled = ALL_FILES | (1 << 13 if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    ruleset = libc.syscall(CREATE_RULESET, struct.pack("Q", handled), 8, 0)
    if ruleset < 0:
        return False
    readable = {*READABLE, sys.prefix, sys.base_prefix, *filter(None, sys.path)}
    rules = [(path, READ & handled) for path in sorted(readable)]
    rules += [("/dev/null", (READ | WRITE_FILE | TRUNCATE) & handled & ~0b1000), (str(folder), handled)]
    for path, allowed in rules:
        _allow(libc, ruleset, path, allowed)
    done = libc.syscall(RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return done


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, allowed: int) -> None:
    """Add a rule; a path that is not there needs none, and a file has no rights of folders."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):  # noqa: PTH112
        allowed &= ~(ALL_FILES & ~0b111) & ~(1 << 13)
    libc.syscall(ADD_RULE, ruleset, 1, struct.pack("=Qi", allowed, place), 0)
    os.close(place)
