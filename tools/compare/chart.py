"""Bars as SVG, by hand: a panel a quantity, a bar a runtime. A .png is drawn by rsvg-convert where that is at hand."""

import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

COLORS = {"deixis": "#1f6feb", "compiled": "#6ea8ff", "onnxruntime": "#9aa4b2", "openvino": "#c9a227"}
WIDTH, LEFT, RIGHT, ROW, BAR = 820, 170, 110, 26, 16


def check(path):
    """Refuses a path that write() could not serve, before anything is measured."""
    if path.suffix not in (".svg", ".png"):
        sys.exit(f"compare-runtimes: --chart {path}: expected a name ending in .svg or .png")
    if path.suffix == ".png" and not shutil.which("rsvg-convert"):
        sys.exit(f"compare-runtimes: --chart {path}: a .png needs rsvg-convert (apt-get install librsvg2-bin); an .svg needs nothing")


def write(path, title, subtitle, panels):
    svg = draw(title, subtitle, panels)
    if path.suffix == ".svg":
        path.write_text(svg)
    else:
        subprocess.run(["rsvg-convert", "--zoom", "2", "-o", str(path)], input=svg.encode(), check=True)


def draw(title, subtitle, panels):
    """panels: [(heading, [(group, runtime, value, tip or None, label)])]; a tip is where the thin line over the bar ends."""
    body, y = [], 34
    body.append(text(20, y, title, 18, weight="bold"))
    for line in subtitle:
        y += 20
        body.append(text(20, y, line, 12, color="#57606a"))
    for heading, rows in panels:
        y += 36
        body.append(text(20, y, heading, 14, weight="bold"))
        y += 10
        top = max([max(value, tip or 0) for _, _, value, tip, _ in rows] or [1]) or 1
        scale = (WIDTH - LEFT - RIGHT) / top
        last = None
        several = len({group for group, *_ in rows}) > 1
        for group, runtime, value, tip, label in rows:
            if several and group != last:
                y += 18
                body.append(text(20, y, group, 12, color="#57606a"))
                y += 6
                last = group
            middle = y + ROW / 2
            body.append(text(LEFT - 10, middle + 4, runtime, 13, anchor="end"))
            body.append(f'<rect x="{LEFT}" y="{middle - BAR / 2:.1f}" width="{max(value * scale, 1):.1f}" height="{BAR}" rx="2" '
                        f'fill="{COLORS.get(runtime, "#888")}"/>')
            end = value * scale
            if tip and tip > value:
                end = tip * scale
                body.append(f'<path d="M{LEFT + value * scale:.1f} {middle:.1f}H{LEFT + end:.1f}m0 -4v8" stroke="#24292f" fill="none"/>')
            body.append(text(LEFT + end + 8, middle + 4, label, 13))
            y += ROW
    height = y + 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(body) + "\n</svg>\n")


def text(x, y, words, size, color="#24292f", anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" font-weight="{weight}">'
            f'{escape(words)}</text>')
