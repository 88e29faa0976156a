"""Plots as inline SVG: nothing is fetched, text stays text, colours follow the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 20, 12, 40

Point = tuple[float, float]


def plot(
    title: str,
    x_name: str,
    y_name: str,
    lines: Sequence[tuple[str, Sequence[Point]]],
    *,
    ticks: Sequence[tuple[float, str]] | None = None,
    dots: bool = False,
    diagonal: bool = False,
) -> str:
    """Lines over x and y from 0 to 1, the first drawn in the main colour.

    `lines`: name and points; a line without a point is left out. `ticks`: of x, place and label.
    """
    marks = ticks or [(v / 4, f"{25 * v}%") for v in range(5)]
    parts = [_opening(title, HEIGHT)]
    for value in range(5):
        y = _y(value / 4)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{25 * value}%", "end"))
    for place, label in marks:
        parts.append(_text(_x(place), HEIGHT - BOTTOM + 16, label))
    if diagonal:
        parts.append(
            f'<line class="grid dashed" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
        )
    for number, (name, points) in enumerate(lines):
        if not points:
            continue
        kind = "main" if number == 0 else "other"
        path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
        parts.append(f'<polyline class="{kind}" points="{path}"><title>{escape(name)}</title>')
        parts.append("</polyline>")
        if dots:
            parts += [
                f'<circle class="{kind}" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="3">'
                f"<title>{escape(name)}: {x:.2f}, {y:.2f}</title></circle>"
                for x, y in points
            ]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_name))
    parts.append(_text(LEFT, TOP - 2, y_name, "start"))
    return "".join(parts) + "</svg>"


def bars(title: str, rows: Sequence[tuple[str, int, float, float | None]], wide: int = 110) -> str:
    """Horizontal bars: label, questions, share, and the share before as a mark where known."""
    height = 24 * len(rows) + 28
    parts = [_opening(title, height)]
    room = WIDTH - wide - 50
    for i, (label, n, share, before) in enumerate(rows):
        y = 8 + 24 * i
        parts.append(_text(wide - 6, y + 13, f"{label} ({n})", "end"))
        parts.append(f'<rect class="back" x="{wide}" y="{y}" width="{room}" height="16"/>')
        parts.append(
            f'<rect class="main" x="{wide}" y="{y}" width="{room * share:.1f}" height="16"/>'
        )
        if before is not None:
            x = wide + room * before
            parts.append(
                f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2}" y2="{y + 18}"/>'
            )
        parts.append(_text(WIDTH - 6, y + 13, f"{share:.0%}", "end"))
    return "".join(parts) + "</svg>"


def stacked(title: str, shares: Sequence[tuple[str, int]]) -> str:
    """One bar of parts with their counts; parts of nothing are left out of it."""
    total = sum(n for _, n in shares) or 1
    parts = [_opening(title, 30 + 22 * len(shares))]
    x = 8.0
    for number, (label, n) in enumerate(shares):
        wide = (WIDTH - 16) * n / total
        parts.append(
            f'<rect class="part{number}" x="{x:.1f}" y="6" width="{wide:.1f}" height="18">'
            f"<title>{escape(label)}: {n}</title></rect>"
        )
        x += wide
        y = 44 + 22 * number
        parts.append(f'<rect class="part{number}" x="8" y="{y - 10}" width="12" height="12"/>')
        parts.append(_text(26, y, f"{label}: {n} ({n / total:.0%})", "start"))
    return "".join(parts) + "</svg>"


def _opening(title: str, height: int) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(value: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * value, 1)


def _y(value: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value, 1)
