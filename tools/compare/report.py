"""What a comparison says: the numbers of each row, a table, bars."""

import platform
import statistics
from pathlib import Path

import numpy as np

import chart

#: Runtimes that are Deixis: on the file, and on what it compiles of it.
OURS = ["deixis", "compiled"]


def difference(got, expected):
    """Largest difference of an output; NaN where a name or shape differs, or a NaN is on one side."""
    if not got or not expected or len(got) != len(expected):
        return None
    if set(got) != set(expected):
        got = dict(zip(expected, got.values()))
    worst = 0.0
    for name, value in expected.items():
        if got[name].shape != value.shape:
            return float("nan")
        if value.size:
            worst = max(worst, float(np.abs(got[name].astype(np.float64) - value.astype(np.float64)).max()), key=lambda v: (v != v, v))
    return worst


def percentile(times, percent):
    """Nearest rank, as in `deixis profile`."""
    ordered = sorted(times)
    return ordered[min(max(-(-len(ordered) * percent // 100) - 1, 0), len(ordered) - 1)]


def p50s(rounds):
    return [percentile(times, 50) / 1e6 for times in rounds]


def summary(case, cases, reference, first):
    """The numbers of one row, as --json has them."""
    result = {"model": case.model, "runtime": case.runtime, "file": str(case.file)}
    if case.refusal:
        return {**result, "refused": case.refusal}
    times = [t for times in case.rounds for t in times]
    ready = case.starts[-1]
    median = lambda key: statistics.median(start[key] for start in case.starts)
    result |= {"version": ready.get("version", ""), "settings": ready.get("settings", {"threads": ready.get("threads")}),
               "min_ms": min(times) / 1e6, "p50_ms": percentile(times, 50) / 1e6, "p90_ms": percentile(times, 90) / 1e6,
               "round_p50_ms": p50s(case.rounds), "load_ms": median("load_ms"), "first_ms": median("first_ms"), "start_ms": median("start_ms"),
               "memory_before_load": ready["memory_before"], "memory_after_first": ready["memory"], "memory": case.memory,
               "idle_share_of_a_core": case.idle}
    ours = next((c for c in cases if c.model == case.model and c.runtime == "deixis" and not c.refusal), None)
    if ours:
        result["ours_by_its"] = statistics.median(o / t for o, t in zip(p50s(ours.rounds), p50s(case.rounds)))
    if case.second:
        result["second_p50_ms"] = percentile([t for times in case.second for t in times], 50) / 1e6
        result["second_by_p50"] = statistics.median(s / t for s, t in zip(p50s(case.second), p50s(case.rounds)))
    finite = lambda value: value if value is None or value == value else "NaN"
    result["difference_same_file"] = finite(difference(case.outputs, reference.get(case.file)))
    # Another file's outputs mean something where it had the same inputs.
    comparable = reference.get(first.file) if case.inputs is first.inputs else None
    result["difference_first_file"] = finite(difference(case.outputs, comparable))
    return result


def table(rows):
    """Columns as wide as their widest cell; numbers to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip() for row in rows)


def milliseconds(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def megabytes(count):
    return f"{count / 1e6:.0f} MB" if count >= 1e7 else f"{count / 1e6:.1f} MB"


def label(row):
    return f"{row['runtime']} {row['version']}"


def text(result, with_second, with_first):
    lines = []
    for model in dict.fromkeys(row["model"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["model"] == model]
        heading = [model, "min", "p50", "p90", "ours/its", "load", "first", "start", "anonymous", "peak", "ort same"]
        cells = [heading + (["ort fp32"] if with_first else []) + (["second"] if with_second else [])]
        for row in rows:
            if "refused" in row:
                continue
            number = lambda value: "" if value is None else value if isinstance(value, str) else f"{value:.1e}"
            line = [label(row)] + [milliseconds(row[k]) for k in ("min_ms", "p50_ms", "p90_ms")]
            line += [f"{row['ours_by_its']:.2f}" if "ours_by_its" in row else ""]
            line += [milliseconds(row[k]) for k in ("load_ms", "first_ms", "start_ms")]
            line += [megabytes(row["memory"][k]) for k in ("anonymous_bytes", "peak_resident_bytes")]
            line += [number(row["difference_same_file"])] + ([number(row["difference_first_file"])] if with_first else [])
            line += [f"{row['second_by_p50']:.2f}"] if with_second else []
            cells.append(line)
        if len(cells) > 1:
            lines += ["", table(cells)]
        lines += [f"{row['runtime']} refused {row['file']}: {row['refused']}" for row in rows if "refused" in row]
    ran = [row for row in result["rows"] if "refused" not in row]
    python = [row["memory_before_load"]["anonymous_bytes"] for row in ran if row["runtime"] not in OURS]
    lines.append("")
    if python:
        lines.append(f"Of a peer's anonymous memory {megabytes(max(python))} are Python and NumPy, there before the runtime is imported.")
    for row in ran:
        if row["idle_share_of_a_core"] > 0.01:
            lines.append(f"Disturbed: {row['runtime']} took {100 * row['idle_share_of_a_core']:.0f} % of a core while another ran.")
    if result["load_average"] > 0.3:
        lines.append(f"The machine was busy when this began (load {result['load_average']:.1f}): trust the ratios at most.")
    return "\n".join(lines)


def draw(a, result):
    ran = [row for row in result["rows"] if "refused" not in row]
    bar = lambda row, value, tip, words: (row["model"], row["runtime"], value, tip, words)
    panels = [
        ("Latency, ms: median, and the line to the 90th percentile",
         [bar(r, r["p50_ms"], r["p90_ms"], milliseconds(r["p50_ms"])) for r in ran]),
        ("From the start of the process to the first answer, ms", [bar(r, r["start_ms"], None, milliseconds(r["start_ms"])) for r in ran]),
        ("Anonymous memory after the runs", [bar(r, r["memory"]["anonymous_bytes"], None, megabytes(r["memory"]["anonymous_bytes"])) for r in ran]),
        ("Peak resident memory", [bar(r, r["memory"]["peak_resident_bytes"], None, megabytes(r["memory"]["peak_resident_bytes"])) for r in ran]),
    ]
    versions = ", ".join(dict.fromkeys(label(row) for row in ran))
    chart.write(a.chart, " and ".join(dict.fromkeys(row["model"] for row in ran)), [result["setting"], versions], panels)


def cpu_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
