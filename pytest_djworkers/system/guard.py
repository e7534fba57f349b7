"""The guard: a process that ends a command, with everything it started, when pytest ends.

Run as a script, this file is a small process between pytest and a command. It starts the command in
a session of its own (setsid(2)), and waits for the first of three events:

- the command exits: its exit status goes to pytest;
- pytest closes its end of the socket, or is gone, however it ended;
- one of the watched processes is gone (under pytest-xdist: the controller).

Then it kills, with SIGKILL, every process of that session, and every process below the command that
has lost its parent. It also keeps the log, to which the command writes, from filling the disk.

Imported, it offers ``guard_command``, the command line that starts it.
"""

# This file imports nothing of this package, and little of the standard library: it runs by its path
# in an isolated interpreter (-I -S), and every burst starts it twice.

from __future__ import annotations

import os
import select
import signal
import stat
import sys
import time

NAME = "load-test-guard"
"""The name of a guard in lists of processes. It has no word by which people end processes, such as
python, pytest, djworkers, or a server's name. The kernel keeps 15 characters."""
# prctl(2): constants of linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_KILL_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.5
_LOOK_SOON_S = 0.05
_LOG_KEPT = 4 << 20
"""The bytes of a long log that are kept at its beginning, and at its end."""
_LOG_LONGEST = 64 << 20
"""The bytes that a log may have on a file system that can't make holes."""
# fallocate(2): constants of linux/falloc.h.
_FALLOC_FL_KEEP_SIZE, _FALLOC_FL_PUNCH_HOLE = 1, 2
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def guard_command(
    command: list[str], *, socket_fd: int, watch: tuple[int, ...], python: str = sys.executable
) -> list[str]:
    """Return the command line that runs ``command`` under a guard.

    ``socket_fd`` is the guard's end of a socket pair, which it must inherit. The other end gets a
    line of JSON, ``{"pid": ...}``, when the command has started, and another one,
    ``{"status": ..., "cpu_s": ...}``, when it has ended. ``watch`` are ids of processes whose end
    is the end of the command. ``python`` is the interpreter that runs the guard.
    """
    watched = ",".join(map(str, watch))
    return [python, "-I", "-S", os.path.abspath(__file__), str(socket_fd), watched, *command]


def _main(arguments: list[str]) -> int:
    channel = int(arguments[0])
    os.set_inheritable(channel, False)
    watched = [int(pid) for pid in arguments[1].split(",") if pid]
    _take_name()
    # A Ctrl-C in the terminal is for pytest. The guard cleans up when pytest has ended.
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    # Python writes a byte to this pipe at each signal that has a handler, and so at SIGCHLD, which
    # needs one that does nothing: the pipe can be polled, and no signal is lost between two polls.
    child_ended, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # On Linux a process below the guard that loses its parent becomes the guard's child, instead of
    # that of process 1. So the guard knows every process that is left, and when none is.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = _start(arguments[2:])
    except OSError as error:
        why = "no more processes may be started (ulimit -u, or pids.max of the control group)"
        os.write(2, f"{arguments[2]}: {error.strerror}: {why}\n".encode())
        return 1
    # pytest must see the end of the command's standard streams when the command closes them, so the
    # guard must not keep them open.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    _say(channel, f'{{"pid": {child}}}\n')
    status = _wait(child, channel, child_ended, watched)
    _kill_all(child)
    if status is not None:
        _say(channel, status)
    return 0


def _start(command: list[str]) -> int:
    _raise_file_limit()
    guard = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        # If the guard itself is killed, the system kills the command.
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The guard may have been killed just before: then no signal will come.
        if os.getppid() != guard:
            os._exit(127)
        # Ignored signals are inherited. Python ignores SIGPIPE, which the command may rely on.
        for number in (*_IGNORED, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _wait(child: int, channel: int, child_ended: int, watched: list[int]) -> str | None:
    """Wait until the command has ended, and return its status as a line of JSON; return None as
    soon as the command has to be ended."""
    processes = {_open_process(pid): pid for pid in watched}
    poll = select.poll()
    for fd in (channel, child_ended, *(fd for fd in processes if fd is not None)):
        poll.register(fd, select.POLLIN)
    log = _Log(2)
    while True:
        ready = {fd for fd, _ in poll.poll(log.bound() * 1000)}
        if child_ended in ready:
            os.read(child_ended, 4096)
            if (status := _reap(child)) is not None:
                return status
        # Nothing is ever sent to the guard: a readable channel has been closed. The last check, at
        # each timeout of the poll, is for systems without descriptors of processes.
        if channel in ready or ready & processes.keys() or not all(map(_is_alive, watched)):
            return None


class _Log:
    """A file that others append to, kept from filling the disk."""

    # The middle of a long log is given back to the file system, as a hole that takes no blocks
    # (Linux). That costs the writer next to nothing. With a pipe instead of a file, somebody would
    # have to read it all the time: a server then wrote half as many lines per second.

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._hole_ends = _LOG_KEPT

    def bound(self) -> float:
        """Give the middle back if the log is long; return the seconds until the next look."""
        about = os.fstat(self._fd)
        too_much = about.st_size - _LOG_KEPT - self._hole_ends
        if too_much < _LOG_KEPT or not stat.S_ISREG(about.st_mode):
            return _LOOK_EVERY_S
        if _punch_hole(self._fd, self._hole_ends, too_much):
            self._hole_ends += too_much
        # Cutting the file loses its end too. Writers go on behind the cut: they append.
        elif about.st_size > _LOG_LONGEST:
            os.ftruncate(self._fd, _LOG_KEPT)
            try:
                os.write(self._fd, b"\n[the log was too long, and has been cut here]\n")
            except OSError:
                pass  # the disk is full; the guard must go on all the same
        return _LOOK_SOON_S


def _punch_hole(fd: int, begin: int, length: int) -> bool:
    """Give back a part of a file, which then reads as zeros; return False if that can't be done."""
    if sys.platform != "linux":
        return False
    import ctypes

    mode = ctypes.c_int(_FALLOC_FL_KEEP_SIZE | _FALLOC_FL_PUNCH_HOLE)
    offsets = ctypes.c_int64(begin), ctypes.c_int64(length)
    libc = ctypes.CDLL(None)
    allocate = getattr(libc, "fallocate64", None) or libc.fallocate  # musl has one name for both
    return bool(allocate(ctypes.c_int(fd), mode, *offsets) == 0)


def _reap(child: int) -> str | None:
    """Collect the children that have ended; return the command's status as a line of JSON if the
    command is one of them."""
    # One signal may stand for several children, so all that have ended are collected.
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            cpu_s = usage.ru_utime + usage.ru_stime
            return f'{{"status": {code}, "cpu_s": {cpu_s:.6f}}}\n'
        if not pid:
            return None


def _kill_all(session: int) -> None:
    """Kill the processes of a session and all orphans, until there is none or time is up."""
    # Again and again: a process that is about to fork when it is listed leaves a child behind.
    deadline = time.monotonic() + _KILL_WITHIN_S
    while time.monotonic() < deadline:
        for pid in _members(session):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        # For systems without /proc: the process group of the command, which it may have left.
        try:
            os.killpg(session, signal.SIGKILL)
        except OSError:
            pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # no child is left, and so (on Linux) no process below the guard
        time.sleep(0.002)


def _members(session: int) -> list[int]:
    """Return the processes of a session, and the guard's own children, which may have left it."""
    members = []
    guard = os.getpid()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # proc_pid_stat(5): the command name, in parentheses, may hold anything. After
                    # it come the state, the parent, the process group and the session.
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == guard or int(fields[3]) == session:
                members.append(int(name))
    return members


def _prctl(option: int, value: int | bytes) -> None:
    """Call prctl(2), which Python does not offer; only Linux has it."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _take_name() -> None:
    """Replace the name and the command line by which the system lists this process (Linux)."""
    # The command line has "pytest" in it, and ``pkill -9 -f pytest`` must not end the guard. The
    # system reads it from this process's own memory, so it is overwritten there.
    _prctl(_PR_SET_NAME, NAME.encode())
    if sys.platform == "linux":
        import ctypes

        with open("/proc/self/stat", "rb") as file:
            # arg_start and arg_end of proc_pid_stat(5), its fields 48 and 49.
            begin, end = map(int, file.read().rpartition(b")")[2].split()[45:47])
        if begin < end:
            name = NAME.encode()[: end - begin - 1]
            ctypes.memset(begin, 0, end - begin)
            ctypes.memmove(begin, name, len(name))


def _raise_file_limit() -> None:
    """Let the command open as many files as the system allows: a connection is a file, too."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            pass  # macOS says that the hard limit is unlimited, and then does not grant that


def _open_process(pid: int) -> int | None:
    """Return a descriptor that is readable once the process is gone; None if there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _is_alive(pid: int) -> bool:
    """Return False if there is no process with this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, but another user's
    return True


def _say(channel: int, line: str) -> None:
    """Send a line to pytest, which may be gone."""
    try:
        os.write(channel, line.encode())
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
