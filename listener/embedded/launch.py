"""Becomes another program that dies with whoever started it; run as a script, imports nothing of pgmend.

Arguments: parent's pid, user id, group id, signal on the parent's death, program, its arguments. A process of its own
because `preexec_fn` may deadlock in a process with threads. The order matters: the kernel forgets the death signal
when the user id changes. What ends the program must not be ignored by it: a shell's background job inherits SIGINT and
SIGQUIT ignored, and so would everything that it starts.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, uid: int, gid: int, death_signal: int, program: list[str]) -> None:
    """Never returns: the process is `program`, or ends."""
    if os.geteuid() == 0:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    for ending in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_DFL)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # it died before the signal was armed
        sys.exit("the process that asked for this server is gone")
    try:
        os.execv(program[0], program)  # noqa: S606 -- a shell is what we do not want
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    _, parent, uid, gid, death_signal, *program = sys.argv
    main(int(parent), int(uid), int(gid), int(death_signal), program)
