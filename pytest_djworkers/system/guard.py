"""A process that can't outlive pytest, and neither can anything that it starts.

Run as a script, this file is the guard: a small process between pytest and a command. It
starts the command in a session of its own and waits for one of three ends:

- the command exits: its status goes to pytest;
- pytest closes its end of the socket, or is gone, however it ended;
- the process named by ``--watch`` is gone (under pytest-xdist: the controller).

Whichever it is, every process of that session, and every orphan that fell to the guard, is
killed with SIGKILL. As a subreaper (Linux) it is the parent of all orphans below it, so it
knows when nothing is left. Elsewhere the session's process group has to do.

``pkill -9 -f pytest`` must not end it (Linux): it gives up its command line, which has the word.
When it is killed all the same, the command is killed by the system (PR_SET_PDEATHSIG).

What the command writes to the log, which is the guard's standard error too, may have no end. So the
log's middle is given back to the file system, as a hole, which costs the writer next to nothing
(Linux). A pipe would have to be drained, at the writer's expense: it wrote half as many lines.

Imported, it gives ``guard_command``. Standard library only, and little of it: every burst
starts it twice.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import sys
import time

NAME = "load-test-guard"
"""What a guard is called in lists of processes: by no word that people end processes by, such as
python, pytest, djworkers, or a server's name. The kernel keeps 15 characters."""
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_KILL_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.5
_LOOK_SOON_S = 0.05
_LOG_KEPT = 4 << 20
"""Of the log's beginning, and of its end."""
_LOG_LONGEST = 64 << 20
"""Where the file system can't make holes."""
_FALLOC_FL_KEEP_SIZE, _FALLOC_FL_PUNCH_HOLE = 1, 2
_DEAF_TO = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def guard_command(
    command: list[str], *, socket_fd: int, watch: tuple[int, ...], python: str = sys.executable
) -> list[str]:
    """The command line that runs ``command`` under a guard.

    ``socket_fd`` is the guard's end of a socket pair, inherited; its other end gets a JSON line
    ``{"pid": ...}`` when the command has started, and ``{"status": ..., "cpu_s": ...}``
    when it ended. ``watch`` are processes whose end is the end of the command.
    """
    watched = ",".join(map(str, watch))
    return [python, "-I", "-S", os.path.abspath(__file__), str(socket_fd), watched, *command]


def _main(arguments: list[str]) -> int:
    channel = int(arguments[0])
    os.set_inheritable(channel, False)
    watched = [int(pid) for pid in arguments[1].split(",") if pid]
    _take_name()
    for number in _DEAF_TO:
        signal.signal(number, signal.SIG_IGN)
    child_ended, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = _start(arguments[2:])
    except OSError as error:
        why = "no more processes may be started (ulimit -u, or pids.max of the control group)"
        os.write(2, f"{arguments[2]}: {error.strerror}: {why}\n".encode())
        return 1
    # The command's standard streams are its own now: pytest must see their end.
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
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(127)
        for number in (*_DEAF_TO, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _wait(child: int, channel: int, child_ended: int, watched: list[int]) -> str | None:
    """The command's status as a JSON line, or None when it has to end now."""
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
        if channel in ready or ready & processes.keys() or not all(map(_is_alive, watched)):
            return None


class _Log:
    """A file that others append to, kept from filling the disk."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._hole_ends = _LOG_KEPT

    def bound(self) -> float:
        """Give the middle back, if there is much of it; how long to wait for the next look."""
        about = os.fstat(self._fd)
        too_much = about.st_size - _LOG_KEPT - self._hole_ends
        if too_much < _LOG_KEPT or not stat.S_ISREG(about.st_mode):
            return _LOOK_EVERY_S
        if _punch_hole(self._fd, self._hole_ends, too_much):
            self._hole_ends += too_much
        elif about.st_size > _LOG_LONGEST:
            os.ftruncate(self._fd, _LOG_KEPT)
            try:
                os.write(self._fd, b"\n[what stood here was too long to be kept]\n")
            except OSError:
                pass  # the disk is full; a guard goes on
        return _LOOK_SOON_S


def _punch_hole(fd: int, begin: int, length: int) -> bool:
    """Give back that part of a file, which then reads as zeros; whether that can be done."""
    if sys.platform != "linux":
        return False
    import ctypes

    mode = ctypes.c_int(_FALLOC_FL_KEEP_SIZE | _FALLOC_FL_PUNCH_HOLE)
    offsets = ctypes.c_int64(begin), ctypes.c_int64(length)
    libc = ctypes.CDLL(None)
    allocate = getattr(libc, "fallocate64", None) or libc.fallocate  # musl has one name for both
    return bool(allocate(ctypes.c_int(fd), mode, *offsets) == 0)


def _reap(child: int) -> str | None:
    """Collect what ended; the command's own status as a JSON line if it is among that."""
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
    deadline = time.monotonic() + _KILL_WITHIN_S
    while time.monotonic() < deadline:
        for pid in _members(session):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.killpg(session, signal.SIGKILL)
        except OSError:
            pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _members(session: int) -> list[int]:
    """The processes of a session, and the guard's own children."""
    members = []
    guard = os.getpid()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The command name, in parentheses, may hold anything.
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == guard or int(fields[3]) == session:
                members.append(int(name))
    return members


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _take_name() -> None:
    """Write over the arguments in this process's memory, where the system looks them up."""
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
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            pass  # macOS has an unlimited hard limit that it does not grant


def _open_process(pid: int) -> int | None:
    """A descriptor that is readable once the process is gone, where the system has them."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _say(channel: int, line: str) -> None:
    try:
        os.write(channel, line.encode())
    except OSError:
        pass


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
