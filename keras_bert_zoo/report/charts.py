"""Charts as SVG, drawn without any library; each takes numbers and gives text."""

from html import escape
from math import floor, log10

WIDTH, HEIGHT = 460, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 40
COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed", "#db2777", "#475569")


def ticks(low, high, count=5):
    """About so many round numbers from `low` to `high`.

    >>> ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high <= low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    first = -(-low // step)
    found, number = [], first
    while number * step <= high + step * 1e-6:
        found.append(round(number * step, 12))
        number += 1
    return found


class Frame:
    """The axes of a chart: where a number stands, and the lines and words around it.

    Args:
        x, y: `(low, high)` of each axis.
        labels: names of the axes.
    """

    def __init__(self, x, y, labels):
        self.x, self.y, self.labels = x, y, labels

    def at(self, x, y):
        """Place of a point, in pixels."""
        (x_low, x_high), (y_low, y_high) = self.x, self.y
        across = (x - x_low) / ((x_high - x_low) or 1)
        up = (y - y_low) / ((y_high - y_low) or 1)
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )

    def drawn(self, inside, title):
        """The whole chart.

        Args:
            inside: SVG elements.
            title: what readers of the screen are told.
        """
        parts = [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
        ]
        for value in ticks(*self.y):
            x, y = self.at(self.x[0], value)
            parts.append(f'<line class="grid" x1="{x}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
            parts.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>')
        for value in ticks(*self.x):
            x, y = self.at(value, self.y[0])
            parts.append(f'<text x="{x}" y="{y + 16}" text-anchor="middle">{value:g}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(
            f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(self.labels[0])}'
            "</text>"
        )
        return "\n".join([*parts, *inside, "</svg>"])


def legend(names):
    """The names of a chart's parts, with their colours."""
    items = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in zip(names, COLOURS)
    )
    return f'<p class="legend">{items}</p>'


def lines(series, title, x_label="epoch"):
    """Curves over epochs.

    Args:
        series: name -> numbers, one an epoch, from 1 on; NaN leaves a gap.
        title: of the chart.
        x_label: of the axis below.
    """
    values = [v for numbers in series.values() for v in numbers if v == v]
    if not values:
        return ""
    low, high = min(values), max(values)
    low = 0.0 if 0 <= low < 0.4 * high else low
    longest = max(map(len, series.values()))
    frame = Frame((1, max(longest, 2)), (low, high if high > low else low + 1), (x_label, title))
    drawn = []
    for numbers, colour in zip(series.values(), COLOURS):
        points = [frame.at(i, v) for i, v in enumerate(numbers, start=1) if v == v]
        path = " ".join(f"{x},{y}" for x, y in points)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in points]
    return frame.drawn(drawn, title) + legend(series)


def bars(edges, series, title, x_label):
    """Counts in bins, those of each name on top of the one before.

    Args:
        edges: the ends of the bins, one more than there are bins.
        series: name -> counts.
        title: of the chart.
        x_label: of the axis below.
    """
    totals = [sum(column) for column in zip(*series.values())]
    frame = Frame((edges[0], edges[-1]), (0, max(max(totals), 1)), (x_label, title))
    drawn, bottom = [], [0] * len(totals)
    for counts, colour in zip(series.values(), COLOURS):
        for i, count in enumerate(counts):
            (x1, y1), (x2, y2) = (
                frame.at(edges[i], bottom[i]),
                frame.at(edges[i + 1], bottom[i] + count),
            )
            drawn.append(
                f'<rect x="{x1 + 1}" y="{y2}" width="{max(x2 - x1 - 2, 1):.1f}" '
                f'height="{y1 - y2:.1f}" fill="{colour}"><title>{count}</title></rect>'
            )
            bottom[i] += count
    return frame.drawn(drawn, title) + legend(series)


def points(pairs, title, labels, weights=None):
    """Points, and the line on which both numbers are the same.

    Args:
        pairs: `(x, y)` of each point.
        title: of the chart.
        labels: names of the axes.
        weights: of each point, from 0 to 1, for its size.
    """
    every = [number for pair in pairs for number in pair]
    low, high = min(every, default=0), max(every, default=1)
    frame = Frame((low, high), (low, high), labels)
    (x1, y1), (x2, y2) = frame.at(low, low), frame.at(high, high)
    drawn = [f'<line class="even" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>']
    for (x, y), weight in zip(pairs, weights or [0.0] * len(pairs)):
        across, up = frame.at(x, y)
        radius = 2.5 + 6 * weight
        drawn.append(
            f'<circle cx="{across}" cy="{up}" r="{radius:.1f}" fill="{COLOURS[0]}" '
            f'fill-opacity="0.7"><title>{x:.3g}, {y:.3g}</title></circle>'
        )
    return frame.drawn(drawn, title)


def matrix(counts, names):
    """A table of counts, darker where there are more of the row's.

    Args:
        counts: rows of numbers.
        names: of rows and of columns.
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for name, row in zip(names, counts):
        total = sum(row) or 1
        cells = "".join(
            f'<td style="background:rgba(37,99,235,{count / total * 0.75:.2f})">{count}</td>'
            for count in row
        )
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    return (
        '<table class="matrix"><caption>row: what is right; column: what was answered</caption>'
        f"<tr><th></th>{head}</tr>{''.join(rows)}</table>"
    )
