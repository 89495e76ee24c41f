# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What a CPU executed, instruction by instruction (QEMU's log), told apart: a BPF program's runs, its own code by the
source file it was written in, and the kernel's code by the helper that the program called.

Only x86 is read, and of that no more than two instructions: a call (e8) and a return (c3).
"""
import bisect
import collections

_CALL, _RETURN = 0xE8, 0xC3


class Program:
    """Machine code of a loaded program, as jitmap.c says it."""

    def __init__(self, said):
        self._code = [(start, bytes.fromhex(code)) for start, code in said["functions"]]
        self._code_sorted = sorted(self._code)
        self._starts = [start for start, _ in self._code_sorted]
        self._lines = sorted((at, file.rpartition("/")[2].removesuffix(".h")) for at, file in said["lines"])
        self._line_starts = [at for at, _ in self._lines]
        self.entry = self._code[0][0]

    def _function(self, pc):
        at = bisect.bisect_right(self._starts, pc) - 1
        if at < 0 or pc >= self._starts[at] + len(self._code_sorted[at][1]):
            return None
        return self._code_sorted[at]

    def opcode(self, pc):
        """The byte at @pc; None where that is not the program's."""
        function = self._function(pc)
        return function[1][pc - function[0]] if function else None

    def is_end(self, pc):
        """Does the program end there?"""
        function = self._function(pc)
        return function[0] == self.entry and function[1][pc - self.entry] == _RETURN

    def stage(self, pc):
        """The source file; what precedes a function's first line is its entry."""
        at = bisect.bisect_right(self._line_starts, pc) - 1
        function = self._function(pc)
        return self._lines[at][1] if at >= 0 and self._line_starts[at] >= function[0] else "(entry)"


def addresses(log, at=0):
    """The addresses in a log (bytes) of `-d exec` with one instruction a block, from offset @at. An instruction that
    repeats itself (rep), or was begun again after the emulator had something else to do, is there several times in a
    row and counts once.
    """
    last = None
    while at < len(log):
        end = log.find(b"\n", at)
        end = len(log) if end < 0 else end
        if log.startswith(b"Trace ", at):
            pc = int(log[at:end].split(b"/", 2)[1], 16)
            if pc != last:
                yield pc
            last = pc
        at = end + 1


class Run:
    """One run of a program: instructions of its own by stage, and of the kernel by the address that was called."""

    def __init__(self):
        self.stages, self.helpers, self.calls = (collections.Counter() for _ in range(3))

    @property
    def total(self):
        return self.stages.total() + self.helpers.total()


def first_run(pcs, program):
    """The first run among these addresses, from the program's first instruction to its return; None if there is none.

    What interrupts the program counts as the last helper's, or is left out before there was one: compare runs.
    """
    run, helper, called = None, None, False
    for pc in pcs:
        opcode = program.opcode(pc)
        if run is None:
            if pc != program.entry:
                continue
            run, helper, called = Run(), None, False
        if opcode is None:
            if called:
                helper, called = pc, False
                run.calls[helper] += 1
            if helper is not None:
                run.helpers[helper] += 1
            continue
        run.stages[program.stage(pc)] += 1
        called = opcode == _CALL
        if program.is_end(pc):
            return run
    return None


def runs(log, program):
    """All runs of a program in a log."""
    found, begin, at = [], b"/%016x/" % program.entry, 0
    while (at := log.find(begin, at)) >= 0:
        run = first_run(addresses(log, log.rfind(b"\n", 0, at) + 1), program)
        found += [run] if run else []
        at += len(begin)
    return found
