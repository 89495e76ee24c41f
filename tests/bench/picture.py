# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The bench's pictures: a bar chart (SVG) for each workload and metric, a group of bars for each place.

A bar is a median, the line over it reaches from the least to the most. Colours follow the reader's light or dark mode;
what is told is told in words and lengths as well.
"""
import html

WIDTH, LABELS, NUMBERS, RATIO = 760, 210, 76, 84  # pixels; of labels to the left, of numbers and ratios to the right
BAR, STEP, GAP, TOP, FOOT = 16, 22, 34, 58, 30
PLOT = WIDTH - LABELS - NUMBERS - RATIO
STYLE = """
  text { font: 13px -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 } .place { font-weight: 600 } .note { font-size: 12px; fill: #57606a }
  .bar { fill: #8c959f } .ours { fill: #0969da } .ours-text { font-weight: 600 } .spread { stroke: #1f2328 }
  .axis { stroke: #d0d7de } .back { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9198a1 } .bar { fill: #6e7681 } .ours { fill: #2f81f7 }
    .spread { stroke: #e6edf3 } .axis { stroke: #30363d } .back { fill: #0d1117 }
  }
"""


def number(value):
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"


def _text(x, y, words, css="", anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{css}" text-anchor="{anchor}">{html.escape(words)}</text>'


def _line(x1, y1, x2, y2, css):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def _bar(y, label, summary, most, ratio, ours):
    """One contender: its name, its bar with the spread, its number, and how it compares."""
    def at(value):
        return LABELS + PLOT * value / most
    middle = y + BAR / 2
    css = "ours-text" if ours else ""
    parts = [_text(LABELS - 8, y + 13, label, css, "end"),
             f'<rect x="{LABELS}" y="{y}" width="{at(summary["median"]) - LABELS:.1f}" height="{BAR}" rx="2" '
             f'class="{"ours" if ours else "bar"}"/>',
             _line(at(summary["min"]), middle, at(summary["max"]), middle, "spread")]
    parts += [_line(at(summary[end]), middle - 4, at(summary[end]), middle + 4, "spread") for end in ("min", "max")]
    parts.append(_text(LABELS + PLOT + NUMBERS, y + 13, number(summary["median"]), css, "end"))
    if ratio is not None:
        parts.append(_text(WIDTH - 8, y + 13, f"{ratio:.2f}×", css, "end"))
    return parts


def _group(y, result, titles, base, most):
    """The bars of one place, and where the next begins."""
    parts = [_text(8, y + 12, result["place_title"], "place")]
    y += 22
    top = y
    for name, summary in result["contenders"].items():
        parts += _bar(y, titles[name], summary, most, summary.get(f"vs_{base}"), name.startswith("weft"))
        y += STEP
    parts.append(_line(LABELS, top - 3, LABELS, y - 3, "axis"))
    return parts, y + GAP - STEP + 8


def chart(results, titles, note):
    """The SVG of one workload's results in one metric, place by place; @note goes below."""
    results = [r for r in results if r["contenders"]]
    most = max(s["max"] for r in results for s in r["contenders"].values())
    first = results[0]
    base = next((b for b in ("kernel", *first["bases"]) if any(b in r["contenders"] for r in results)), "")
    better = "longer is better" if first["higher_is_better"] else "shorter is better"
    parts = [_text(8, 22, f"{first['title']}: {first['metric']}", "title"),
             _text(8, 42, f"{first['unit']}, median and spread; {better}", "note")]
    if base:
        parts.append(_text(WIDTH - 8, 42, f"of {base}", "note", "end"))
    y = TOP
    for result in results:
        more, y = _group(y, result, titles, base, most)
        parts += more
    parts.append(_text(8, y + 6, note, "note"))
    height = y + FOOT - 8
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            f'role="img">\n<title>{html.escape(first["title"])}: {first["metric"]}</title>\n<style>{STYLE}</style>\n'
            f'<rect width="{WIDTH}" height="{height}" rx="6" class="back"/>\n' + "\n".join(parts) + "\n</svg>\n")


def draw(traffic, titles, note, directory):
    """Write a picture for each workload and metric that has results. Returns their paths."""
    charts = {}
    for result in traffic:
        if result["contenders"]:
            charts.setdefault((result["workload"], result["metric"]), []).append(result)
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for (workload, metric), results in charts.items():
        path = directory / f"{workload}-{metric}.svg"
        path.write_text(chart(results, titles, note), encoding="utf-8")
        paths.append(path)
    return paths
