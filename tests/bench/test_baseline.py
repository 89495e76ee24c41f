# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The stored counts of instructions, and the reading of object files."""
import shutil
import subprocess

import baseline
import objcode
import pytest

STORED = {"compiler": "clang 14", "kernel": "6.1", "objects": {"p": {"instructions": 1000, "stages": {"parse": 400}}},
          "loaded": {"p": {"xlated": 1000, "processed": 5000}}}


def changed(**counts):
    return {**STORED, "objects": {"p": {**STORED["objects"]["p"], **counts}}}


def test_the_same_and_a_little_more_pass():
    assert baseline.compare(STORED, STORED) == ([], [])
    assert baseline.compare(STORED, changed(instructions=1100)) == ([], [])
    assert baseline.compare(STORED, changed(stages={"parse": 440, "new": 50})) == ([], [])


@pytest.mark.parametrize("counts, said", (
    ({"instructions": 1101}, "p, instructions: 1000 -> 1101 instructions (+10 %)"),
    ({"stages": {"parse": 451}}, "p, stage parse: 400 -> 451 instructions (+13 %)"),
    ({"stages": {"new": 51}}, "p, stage new: 0 -> 51 instructions (+100 %)"),
))
def test_growth_is_wrong(counts, said):
    assert baseline.compare(STORED, changed(**counts)) == ([said], [])


def test_growth_in_the_verifier_is_wrong():
    found = {**STORED, "loaded": {"p": {"xlated": 1000, "processed": 5501}}}
    assert baseline.compare(STORED, found)[0] == ["p, processed: 5000 -> 5501 instructions (+10 %)"]


def test_a_longer_path_is_wrong():
    stored = {**STORED, "guest": "Linux 6.12", "executed": {"weft, encap": {"instructions": 1000}}}
    longer = {**stored, "executed": {"weft, encap": {"instructions": 1101}}}
    assert baseline.compare(stored, longer)[0] == ["weft, encap, instructions: 1000 -> 1101 instructions (+10 %)"]
    assert baseline.compare(stored, STORED) == ([], ["executed: not counted here"])
    assert baseline.compare(stored, {**longer, "guest": "Linux 6.13"})[0] == []
    assert baseline.merge(stored, STORED) == stored


def test_programs_that_come_and_go():
    wrong, _ = baseline.compare(STORED, {**STORED, "objects": {"q": {"instructions": 1}}})
    assert wrong == ["q: not in the baseline", "p: only in the baseline"]


def test_what_is_not_alike_is_not_compared():
    found = {**changed(instructions=9999), "compiler": "clang 19"}
    wrong, notes = baseline.compare(STORED, found)
    assert not wrong and "the baseline is of clang 14, this is clang 19" in notes[0]
    found = {"compiler": "clang 14", "objects": STORED["objects"]}
    assert baseline.compare(STORED, found) == ([], ["loaded: not counted here"])
    assert baseline.merge(STORED, found) == STORED


SOURCE = """
#define SEC(name) __attribute__((section(name), used))
static long (*loop)(unsigned, void *, void *, unsigned long) = (void *)181;
static __attribute__((noinline)) int leaf(int x) { asm volatile("" : "+r"(x)); return x * 3; }
static __attribute__((noinline)) long each(unsigned i, void *p) { asm volatile("" : "+r"(i)); return i; }
__attribute__((noinline)) int middle(int x) { asm volatile("" : "+r"(x)); return leaf(x) + 1; }
__attribute__((noinline)) int unused(int x) { asm volatile("" : "+r"(x)); return x - 7; }
SEC("tc") int calls(int *p) { return middle(*p); }
SEC("tc") int passes(int *p) { loop(3, each, 0, 0); return 0; }
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    if not shutil.which("clang-14"):
        pytest.skip("needs clang-14")
    where = tmp_path_factory.mktemp("objcode")
    (where / "x.c").write_text(SOURCE)
    subprocess.run(["clang-14", "-g", "-O2", "-target", "bpf", "-c", where / "x.c", "-o", where / "x.o"], check=True)
    return objcode.Object(where / "x.o")


def test_functions_are_followed(compiled):
    entries = {f.name: f for f in compiled.functions if f.entry}
    assert {f.name for f in compiled.reachable(entries["calls"])} == {"calls", "middle", "leaf"}
    assert {f.name for f in compiled.reachable(entries["passes"])} == {"passes", "each"}


def test_every_instruction_has_a_stage(compiled):
    for counts in compiled.programs().values():
        assert counts["instructions"] == sum(counts["stages"].values())
        assert set(counts["stages"]) <= {"x.c", "(no line)"}


def test_other_files_are_refused(tmp_path):
    (tmp_path / "no.o").write_bytes(b"\x7fELF\x01\x01" + bytes(60))
    with pytest.raises(ValueError, match="not a BPF object file"):
        objcode.Object(tmp_path / "no.o")
