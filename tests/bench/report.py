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
    bases = [base for base in result["bases"] if base in result["contenders"] or base != "kernel-fw"]
    rows = []
    for name, s in result["contenders"].items():
        rows.append([titles[name], _number(s["median"]), f"{_number(s['min'])}..{_number(s['max'])}",
                     *(_ratio(s.get(f"vs_{base}")) for base in bases),
                     f"{s['disturbed']} of {len(s['samples'])} disturbed" if s["disturbed"] else ""])
    better = "more" if result["higher_is_better"] else "less"
    lines = [f"{result['title']}, {result['place_title']}: {result['metric']}, {result['unit']} ({better} is better)"]
    lines.append(table(["", "median", "min..max", *(f"of {base}" for base in bases), ""], rows)
                 if rows else "  nothing measured")
    bound = "least" if result["higher_is_better"] else "most"
    lines += [f"  to reach: {t['name']} at {bound} {t['factor']:.2f}x of {t['base']}: "
              + _reached(t["reached"], _ratio(t["now"])) for t in result["targets"]]
    return "\n".join(lines + [f"  ! {note}" for note in result["notes"]])


def _reached(reached, now):
    return f"{'reached' if reached else 'NOT reached'} ({now})"


def progrun(results):
    heads = {"progrun": "Programs alone (BPF_PROG_TEST_RUN): ns a packet, less what an empty program takes; "
                        "hot: repeated on one packet, where it stays as it was",
             "fw-progrun": "The same for a packet of an established connection, with 100 rules; "
                           "to reach: 1.50x of the floor"}
    tables = []
    for part, head in heads.items():
        rows = [_program_row(r) for r in results if r["part"] == part]
        columns = ["path, 64-byte frames", "program", "ns", "min..max", "of floor", "hot ns", "xlated", "verified", ""]
        if rows:
            tables.append(head + "\n" + table(columns, rows))
    return "\n\n".join(tables) or "Programs alone: none found"


def _program_row(r):
    ns = r["ns"] or {"median": None, "min": None, "max": None}
    note = r["note"] or ("" if r.get("reached", True) else "NOT reached")
    return [r["path"], r["program"], _number(ns["median"]), f"{_number(ns['min'])}..{_number(ns['max'])}",
            _ratio(r.get("vs_floor")), _number(r["repeat_ns"]), r["xlated_insns"], r["verified_insns"], note]


SWEEP_KINDS = {"established": "packets of established connections", "first": "first packets of connections"}
SWEEP_WAYS = {"traffic": "ns from packet to packet under traffic", "alone": "ns in the program alone"}


def sweep(results, notes, titles):
    """Tables of sweeps.py: a line for each contender, a column for each number of rules or flows."""
    tables = []
    for r in results:
        head = f"By number of {r['part']}: {SWEEP_KINDS[r['kind']]}, {SWEEP_WAYS[r['how']]}"
        rows = []
        for name, counts in r["contenders"].items():
            cells = [_number(counts[c]["median"]) if c in counts else "-" for c in r["counts"]]
            disturbed = sum(summary["disturbed"] for summary in counts.values())
            rows.append([titles[name], *cells, _ratio(r["growth"].get(name)),
                         f"{disturbed} disturbed" if disturbed else ""])
        columns = ["", *(f"{count:,}" for count in r["counts"]), f"{r['to']:,} of {r['from']:,}", ""]
        lines = [head, table(columns, rows)]
        if r["reached"] is not None:
            lines.append(f"  to reach: weft-fw at most {r['factor']:.2f}x: "
                         + _reached(r["reached"], _ratio(r["growth"]["weft-fw"])))
        tables.append("\n".join(lines))
    return "\n\n".join(tables + [f"  ! {note}" for note in notes])


def apply(results, titles):
    """Milliseconds of each step, for each contender."""
    tables = []
    for r in results:
        steps = list(next(iter(r["contenders"].values())))
        rows = [[titles[name], *(_ms(s[step]["median"]) for step in steps)] for name, s in r["contenders"].items()]
        lines = [f"Applying {r['endpoints']:,} endpoints and {r['rules']:,} rules: ms", table(["", *steps], rows)]
        lines += [f"  to reach: weft-fw, {t['step']}: at most {_ms(t['seconds'])} ms: "
                  + _reached(t["reached"], _ms(t["now"]) + " ms") for t in r["targets"]]
        tables.append("\n".join(lines))
    return "\n\n".join(tables) or "Applying: nothing measured"


def _ms(seconds):
    return _number(1000 * seconds)


LARGE = 1 << 20  # bytes of a map that is worth a line


def memory(results, titles):
    """Bytes each, then weft's larger maps."""
    kinds = ("flow", "rule", "endpoint")
    rows = [[titles[r["contender"]], *(f"{r['each'][kind]['each']:.0f}" for kind in kinds),
             *(f"{r['each'][kind]['maps_each']:.0f}" if r["maps"] else "-" for kind in kinds)] for r in results]
    lines = ["Memory: bytes each, by the growth of the kernel's; and of weft's maps, where they grow",
             table(["", *kinds, *(f"maps, {kind}" for kind in kinds)], rows) if rows else "  nothing measured"]
    for r in results:
        large = [m for m in r["maps"].values() if m["bytes_memlock"] >= LARGE]
        if large:
            lines.append(table(["map", "type", "entries", "MiB", "bytes each"], [
                [m["name"], m["type"], m["max_entries"], _number(m["bytes_memlock"] / 2**20),
                 f"{m['bytes_memlock'] / m['max_entries']:.0f}"] for m in large]))
            total = sum(m["bytes_memlock"] for m in r["maps"].values())
            lines.append(f"  all {len(r['maps'])} maps of {r['contender']} on host a: {total / 2**20:.1f} MiB")
    return "\n".join(lines)


def _stream(said):
    """The slowest datagram, and the lost ones."""
    if not said.get("received"):
        return "nothing came"
    return f"{_number(said['slowest_us'] / 1000)}" + (f", {said['lost']} lost" if said["lost"] else "")


def growth(results):
    """Powers of ten of everything: times, memory, and what a stream noticed meanwhile."""
    tables = []
    for r in results:
        rows = []
        for count, s in r["steps"].items():
            times = [_ms(s[step]) if step in s else "-" for step in ("seconds", "again", "removal")]
            each = "-" if s["kernel_each"] is None else f"{s['kernel_each']:,.0f}"
            memory = f"{s['weft_bytes'] / 2**20:.0f}" if "weft_bytes" in s else "-"
            streams = [_stream(s[when]) if when in s else "-" for when in ("calm", "busy", "leaving")]
            rows.append([f"{count:,}", *times, each, memory, _number(s.get("packet_ns")), *streams])
        columns = [r["kind"], "add, ms", "again", "remove", "bytes each", "weft, MiB", "ns a packet",
                   "slowest, ms: calm", "adding", "removing"]
        worse = [f"  ! from {less:,} to {more:,}: {times:.1f} times the time" for less, more, times in r["worse"]]
        tables.append("\n".join([f"Much on one node: {r['kind']}", table(columns, rows),
                                 *(worse or ["  nowhere worse than linear"])]))
    return "\n\n".join(tables) or "Much on one node: nothing measured"


def in_traffic(results):
    rows = [[r["contender"], r["place"], r["host"], r["program"], _number(r["ns"]), r["runs"]] for r in results]
    return ("Programs under UDP traffic (BPF statistics, which include reading the clock): ns a run\n"
            + table(["contender", "place", "host", "program", "ns", "runs"], rows))


def skipped(reasons):
    return "\n".join(f"skipped: {name}: {reason}" for name, reason in reasons.items())
