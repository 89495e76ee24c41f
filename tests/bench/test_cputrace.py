# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Telling a trace of the CPU apart."""
import cputrace

# main at 0x1000: nop; call (to a helper); call (to the function at 0x2000); ret
MAIN, FUNCTION, HELPER, OTHER, CALLER = 0x1000, 0x2000, 0x9000, 0x9100, 0x8000
SAID = {"functions": [[MAIN, "90" + "e800000000" + "e800000000" + "c3"], [FUNCTION, "90" + "e800000000" + "c3"]],
        "lines": [[MAIN, "bpf/tc.bpf.c"], [MAIN + 6, "bpf/stages/flow.h"], [FUNCTION + 1, "/x/bpf/stages/parse.h"]]}
PROGRAM = cputrace.Program(SAID)
ONE_RUN = [MAIN, MAIN + 1, HELPER, HELPER + 4, MAIN + 6, FUNCTION, FUNCTION + 1, OTHER, FUNCTION + 6, MAIN + 11]


def log_of(pcs):
    return b"".join(b"Trace 0: 0x7f00 [00000000/%016x/00000000/ff000001] \n" % pc for pc in pcs)


def counted(pcs):
    return [(dict(run.stages), dict(run.helpers), dict(run.calls)) for run in cputrace.runs(log_of(pcs), PROGRAM)]


def test_a_run_by_stage_and_helper():
    stages = {"tc.bpf.c": 2, "flow": 2, "(entry)": 1, "parse": 2}
    helpers = {HELPER: 2, OTHER: 1}
    assert counted([CALLER, *ONE_RUN, CALLER]) == [(stages, helpers, {HELPER: 1, OTHER: 1})]
    assert len(counted([*ONE_RUN, CALLER, CALLER + 1, *ONE_RUN])) == 2
    assert cputrace.first_run(ONE_RUN, PROGRAM).total == 10


def test_what_did_not_end_is_no_run():
    assert not counted(ONE_RUN[:-1])
    assert not counted(ONE_RUN[1:])


def test_a_return_from_a_function_ends_nothing():
    assert not PROGRAM.is_end(FUNCTION + 6)
    assert PROGRAM.is_end(MAIN + 11)


def test_an_interrupt_is_not_a_call():
    pcs = [MAIN, OTHER, OTHER + 1, *ONE_RUN[1:]]
    assert counted(pcs) == counted(ONE_RUN)


def test_addresses_of_a_log():
    log = (log_of([0xffffffff81000010] * 2) + b"Stopped execution of TB chain before 0x7f40 [ffffffff81000012] \n"
           + log_of([0xffffffff81000012]))
    assert list(cputrace.addresses(log)) == [0xffffffff81000010, 0xffffffff81000012]
