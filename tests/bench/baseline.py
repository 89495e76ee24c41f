# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What the programs may cost in instructions: what was stored, what there is, and where it has grown.

A count is compared where it can be: instructions of the object files between equal major versions of clang, what the
verifier makes of them (xlated) and has to look at (processed) on equal kernels, what packets execute in equal guests.
"""
import re

GROWTH = 0.10  # what may be added without a word
PARTS = (("objects", "compiler"), ("loaded", "kernel"), ("executed", "guest"))  # and what has to be equal
LITTLE = 50  # instructions by which anything may grow: a share of a small number is soon reached


def clang_of(data):
    """The compiler that an object file names, as "clang 14"."""
    found = re.search(rb"clang version (\d+)", data)
    return f"clang {found[1].decode()}" if found else "unknown"


def _grown(what, then, now):
    """A line if @now is too much."""
    if now > then * (1 + GROWTH) and now > then + LITTLE:
        return f"{what}: {then} -> {now} instructions ({(now / then - 1) * 100 if then else 100:+.0f} %)"
    return None


def _each(then, now):
    """(what, then, now) of every count of one program."""
    for kind in ("instructions", "xlated", "processed"):
        if kind in now and kind in then:
            yield kind, then[kind], now[kind]
    for stage, count in now.get("stages", {}).items():
        yield f"stage {stage}", then.get("stages", {}).get(stage, 0), count


def _compare_programs(stored, found):
    lines = []
    for name, now in found.items():
        if name not in stored:
            lines.append(f"{name}: not in the baseline")
            continue
        lines += [line for line in (_grown(f"{name}, {what}", then, count)
                                    for what, then, count in _each(stored[name], now)) if line]
    lines += [f"{name}: only in the baseline" for name in stored if name not in found]
    return lines


def compare(stored, found):
    """(what is wrong, what could not be compared). A baseline: {"compiler", "objects": {program: counts}, "kernel",
    "loaded": {program: counts}, "guest", "executed": {path: counts}}; the last four are missing where programs were
    not loaded or not watched.
    """
    wrong, notes = [], []
    for part, key in PARTS:
        if part not in found:
            notes += [f"{part}: not counted here"] if part in stored else []
        elif part not in stored:
            notes.append(f"{part}: not in the baseline")
        elif stored[key] != found[key]:
            notes.append(f"{part}: the baseline is of {stored[key]}, this is {found[key]}: not compared")
        else:
            wrong += _compare_programs(stored[part], found[part])
    return wrong, notes


def merge(stored, found):
    """What to store: of a part that was not counted, what there was."""
    return {**{key: stored[key] for part in PARTS for key in reversed(part) if key in stored}, **found}
