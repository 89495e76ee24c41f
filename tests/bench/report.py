# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The bench's output: tables for people. The JSON is the same results, unrounded and with every sample."""


def _number(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def _ratio(value):
    return "-" if value is None else f"{value:.2f}x"


def table(header, rows, indent="  "):
    """Left-aligned first column, right-aligned others."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        cells = [str(row[0]).ljust(widths[0])] + [str(c).rjust(w) for c, w in zip(row[1:], widths[1:])]
        lines.append(indent + "  ".join(cells).rstrip())
    return "\n".join(lines)


def machine(info, settings):
    virtual = ", virtual machine" if info["virtual"] else ""
    weft = f", {info['weft']}" if info["weft"] else ""
    sender, receiver = settings["cpus"]
    return "\n".join([
        f"weft bench, {info['date']}, commit {info['commit'] or 'unknown'}{weft}",
        f"on {info['cpu']}, {info['cores']} cores{virtual}; Linux {info['kernel']}",
        f"load {info['load']:.2f} at the start; {settings['rounds']} rounds of {settings['seconds']:g} s in turns; "
        f"sender on CPU {sender}, receiver on CPU {receiver}",
    ])


def traffic(result, titles):
    rows = []
    for name, s in result["contenders"].items():
        rows.append([titles[name], _number(s["median"]), f"{_number(s['min'])}..{_number(s['max'])}",
                     _ratio(s.get("vs_raw")), _ratio(s.get("vs_kernel")),
                     f"{s['disturbed']} of {len(s['samples'])} disturbed" if s["disturbed"] else ""])
    better = "more" if result["higher_is_better"] else "less"
    lines = [f"{result['title']}, {result['place_title']}: {result['metric']}, {result['unit']} ({better} is better)"]
    lines.append(table(["", "median", "min..max", "of raw", "of kernel", ""], rows) if rows else "  nothing measured")
    return "\n".join(lines + [f"  ! {note}" for note in result["notes"]])


def progrun(results):
    rows = []
    for r in results:
        ns = r["ns"] or {"median": None, "min": None, "max": None}
        rows.append([r["path"], r["program"], _number(ns["median"]), f"{_number(ns['min'])}..{_number(ns['max'])}",
                     _ratio(r.get("vs_floor")), _number(r["repeat_ns"]), r["xlated_insns"], r["verified_insns"],
                     r["note"] or ""])
    head = ["path, 64-byte UDP", "program", "ns", "min..max", "of floor", "hot ns", "xlated", "verified", ""]
    return ("Programs alone (BPF_PROG_TEST_RUN): ns a packet, less what an empty program takes; "
            "hot: repeated on one packet, where it stays as it was\n" + table(head, rows))


def in_traffic(results):
    rows = [[r["contender"], r["place"], r["host"], r["program"], _number(r["ns"]), r["runs"]] for r in results]
    return ("Programs under UDP traffic (BPF statistics, which include reading the clock): ns a run\n"
            + table(["contender", "place", "host", "program", "ns", "runs"], rows))


def skipped(reasons):
    return "\n".join(f"skipped: {name}: {reason}" for name, reason in reasons.items())
