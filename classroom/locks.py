"""What a child may use: limits of the system, and a filter of its calls that lets it compute only.

A filter (seccomp) needs no rights, holds until the process ends, and is the same in a container.
"""

import contextlib
import ctypes
import os
import platform
import struct
import time

import psutil

PIPE = 3  # a child's one way out
# What computing needs: read, close, fstat, poll, lseek, mmap, mprotect, munmap, brk, sigaction,
# sigprocmask, sigreturn, mremap, yield, madvise, nanosleep, getpid, exit, gettimeofday, getrusage,
# sysinfo, times, gettid, futex, affinity, clock_gettime, clock_getres, clock_nanosleep, exit_group,
# getrandom, rseq, getcpu, membarrier, restart, sigaltstack; before them the architecture and write.
CALLS = {
    "x86_64": (0xC000003E, 1, "0 3 5 7 8 9 10 11 12 13 14 15 25 24 28 35 39 60 96 98 99 100 186 202"
               " 204 228 229 230 231 318 334 309 324 219 131"),
    "aarch64": (0xC00000B7, 64, "63 57 80 73 62 222 226 215 214 134 135 139 216 124 233 101 172 93"
                " 169 165 179 153 178 98 123 113 114 115 94 278 293 168 283 128 132"),
}  # fmt: skip


def limit(request: dict) -> None:
    """CPU time, memory, files: as far as the system has such limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    seconds = int(time.process_time() + request["seconds"])
    memory = int(psutil.Process().memory_info().vms + request["bytes"])
    limits = {"CPU": (seconds, seconds + 1), "AS": (memory, memory), "CORE": (0, 0)}
    for name, bounds in (limits | {"FSIZE": (0, 0)}).items():
        with contextlib.suppress(OSError, ValueError):  # macOS knows AS, but keeps no promise
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), bounds)


def lock() -> None:
    """Close this process to all but computing and its pipe. OSError if that fails."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(PIPE):
        os.dup2(nothing, descriptor)
    os.closerange(PIPE + 1, 1 << 16)  # the nursery's own: requests to come
    if os.getuid() == 0:
        with contextlib.suppress(OSError):  # a container's root may not
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
    machine, write, calls = CALLS[platform.machine()]
    load, equal, end, allow, deny = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050001  # EPERM
    program = [(load, 0, 0, 4), (equal, 1, 0, machine), (end, 0, 0, deny), (load, 0, 0, 0)]
    for call in map(int, calls.split()):
        program += [(equal, 0, 1, call), (end, 0, 0, allow)]
    program += [(equal, 1, 0, write), (end, 0, 0, deny), (load, 0, 0, 16)]  # write: to the pipe
    program += [(equal, 0, 1, PIPE), (end, 0, 0, allow), (end, 0, 0, deny)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    filters = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    system, number = ctypes.CDLL(None, use_errno=True), ctypes.c_ulong
    for option, first, second in ((38, 1, None), (22, 2, ctypes.create_string_buffer(filters))):
        second = ctypes.cast(second, ctypes.c_void_p) if second else number(0)
        if system.prctl(option, number(first), second, number(0), number(0)):
            raise OSError(ctypes.get_errno(), "this system lacks seccomp")
