"""One page that needs nothing else: no script, no font, no network."""

import html
import math

from .bench import short

style = """
:root{color-scheme:light dark;--line:#8884;--a:#2a6fdb;--b:#d9480f;--c:#2b8a3e;--d:#862e9c}
body{font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
th,td{padding:.2rem .7rem;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left}
.met{color:var(--c)}.missed,.warning{color:var(--b);font-weight:600}
figure{margin:1rem 0}figcaption{font-weight:600}
svg{width:100%;max-width:680px}svg text{font:11px system-ui;fill:currentColor}
.grid{stroke:var(--line)}polyline{fill:none;stroke-width:2}
.l0{stroke:var(--a)}.l1{stroke:var(--b)}.l2{stroke:var(--c)}.l3{stroke:var(--d)}
.k{display:inline-block;width:1rem;border-top:3px solid;margin:0 .4rem 0 1rem;vertical-align:middle}
.k.l0{border-color:var(--a)}.k.l1{border-color:var(--b)}.k.l2{border-color:var(--c)}.k.l3{border-color:var(--d)}
"""

width, height, left, right, top, bottom = 680, 280, 64, 16, 16, 44


def text(value):
    return html.escape("–" if value is None else value if isinstance(value, str) else short(value))


def ticks(low, high):
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(step * factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    first = math.ceil(low / step)
    return [step * number for number in range(first, math.floor(high / step) + 1)]


def powers(low, high):
    values = [10 ** power * factor for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
              for factor in (1, 2, 5)]
    return [value for value in values if low <= value <= high]


def chart(found):
    lines = {name: [(x, y) for x, y in points if y is not None and (x > 0 or not found["logarithmic"])]
             for name, points in found["lines"].items()}
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    high = max(high, low * 1.01 + 1e-9)
    most = max(max(y for _, y in points), 1e-9)

    def across(x):
        share = math.log(x / low) / math.log(high / low) if found["logarithmic"] else (x - low) / (high - low)
        return left + share * (width - left - right)

    def down(y):
        return height - bottom - y / most * (height - top - bottom)

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{text(found["title"])}">']
    for tick in powers(low, high) if found["logarithmic"] else ticks(low, high):
        x = f"{across(tick):.1f}"
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{top}" y2="{height - bottom}"/>'
                     f'<text x="{x}" y="{height - bottom + 16}" text-anchor="middle">{text(tick)}</text>')
    for tick in ticks(0, most):
        y = f"{down(tick):.1f}"
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y}" y2="{y}"/>'
                     f'<text x="{left - 6}" y="{y}" dy="4" text-anchor="end">{text(tick)}</text>')
    for number, line in enumerate(lines.values()):
        drawn = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line)
        parts.append(f'<polyline class="l{number % 4}" points="{drawn}"/>')
    parts.append(f'<text x="{(width + left) / 2}" y="{height - 8}" text-anchor="middle">{text(found["x"])}</text></svg>')
    legend = "".join(f'<span class="k l{number % 4}"></span>{text(name)}' for number, name in enumerate(lines))
    return (f'<figure><figcaption>{text(found["title"])} <small>{text(found["y"])}</small></figcaption>'
            f'{"".join(parts)}<p>{legend}</p></figure>')


def table(head, rows, title=""):
    cells = "".join(f"<tr>{''.join(f'<td>{text(value)}</td>' for value in row)}</tr>" for row in rows)
    name = f"<h3>{text(title)}</h3>" if title else ""
    return f"{name}<table><tr>{''.join(f'<th>{text(name)}</th>' for name in head)}</tr>{cells}</table>"


def findings(part):
    rows = []
    for finding in part.findings:
        kind = {True: "met", False: "missed", None: ""}[finding.met]
        rows.append(f"<tr><td>{text(finding.claim)}</td><td>{text(finding.text)}</td><td>{text(finding.target)}</td>"
                    f'<td class="{kind}">{text(finding.verdict)}</td><td>{text(finding.note)}</td></tr>')
    return f"<table><tr><th></th><th>result</th><th>target</th><th></th><th></th></tr>{''.join(rows)}</table>"


def section(part):
    body = findings(part) if part.findings else ""
    body += "".join(f"<p>{text(note)}</p>" for note in part.notes)
    body += "".join(table(found["head"], found["rows"], found["title"]) for found in part.tables)
    body += "".join(chart(found) for found in part.charts)
    return f'<section id="{part.name}"><h2>{text(part.title)}</h2>{body}</section>'


def page(machine, command, warnings, parts):
    facts = ", ".join([machine["processor"], f"{machine['cores']} cores", f"Linux {machine['kernel']}",
                       f"commit {machine['commit'][:12] or 'unknown'}"
                       + (f" with {machine['changed_files']} changed files" if machine["changed_files"] else "")])
    contents = " · ".join(f'<a href="#{part.name}">{text(part.title)}</a>' for part in parts)
    said = "".join(f'<p class="warning">{text(warning)}</p>' for warning in warnings)
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Tally, measured {machine["started_at"]}'
            f'</title><meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
            f"<body><h1>Tally, measured</h1><p>{text(machine['started_at'])}, {text(facts)}</p>"
            f"<p><code>{text(command)}</code></p>{said}<p>{contents}</p>{''.join(section(part) for part in parts)}"
            "</body></html>\n")
