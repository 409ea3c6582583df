"""Texts with marked stretches, for people who would rather look than read: terminal and HTML.

>>> entities = [{"start": 0, "end": 4, "label": "PER", "score": 0.98}]
>>> terminal("Anna sings.", entities, color=False)
'[Anna PER] sings.'
"""

import html
import unicodedata

# Of the xterm palette, readable with black on them; and the like for HTML.
COLORS = ((153, "#bbdefb"), (217, "#f8bbd0"), (157, "#c8e6c9"), (222, "#ffe0b2"),
          (183, "#e1bee7"), (123, "#b2ebf2"), (228, "#fff9c4"), (250, "#d7ccc8"))  # fmt: skip
RESET = "\x1b[0m"

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.9 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem;
        color: #222; background: #fff; overflow-wrap: break-word; }}
h1 {{ font-size: 1.3rem; }}
p {{ white-space: pre-wrap; border-bottom: 1px solid #eee; padding-bottom: .8rem; }}
p b {{ display: block; }}
mark {{ padding: .15em .3em; border-radius: .3em; color: #222; }}
mark small {{ margin-left: .4em; font-weight: 600; opacity: .7; }}
.none {{ color: #888; }}
{styles}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="legend">{legend}</p>
{rows}
</body>
</html>
"""


def pieces(text, spans):
    """The text as `(part, span)` pairs, where span is None outside the marked stretches.

    Args:
        text: the text.
        spans: dictionaries with `start` and `end`, in characters of the text; of those that
            overlap, the first is marked.

    Raises:
        ValueError: a span outside the text.
    """
    parts, place = [], 0
    for span in sorted(spans, key=lambda span: span["start"]):
        start, end = span["start"], span["end"]
        if not 0 <= start <= end <= len(text):
            raise ValueError(
                f"A span from {start} to {end} is not in a text of {len(text)} characters."
            )
        if start < place or start == end:
            continue
        if place < start:
            parts.append((text[place:start], None))
        parts.append((text[start:end], span))
        place = end
    if place < len(text) or not parts:
        parts.append((text[place:], None))
    return parts


def terminal(text, spans, *, title=None, color=True, known=None):
    """The text with its stretches coloured, and their labels behind them.

    Args:
        text: the text. Control characters in it are shown, not sent to the terminal.
        spans: dictionaries with `start`, `end` and `label`.
        title: shown in bold before it, as the question that the text answers.
        color: whether the terminal shows colours; if not, there are brackets.
        known: labels in the order of their colours; more are added.

    Returns:
        str, without a line end at its end.
    """
    known, shown = [] if known is None else known, []
    for part, span in pieces(text, spans):
        part = visible(part)
        if span is None:
            shown.append(part)
        elif color:
            number, _ = COLORS[color_of(span["label"], known)]
            shown.append(f"\x1b[30;48;5;{number}m{part} \x1b[1m{visible(span['label'])}{RESET}")
        else:
            shown.append(f"[{part} {visible(span['label'])}]")
    if title is None:
        return "".join(shown)
    title = visible(title)
    return (f"\x1b[1m{title}{RESET}\n" if color else f"{title}\n") + "".join(shown)


def page(rows, title="Marked texts"):
    """An HTML page of texts with their stretches marked; it needs nothing else.

    Args:
        rows: `(text, spans)` or `(text, spans, title of the text)` for each text; see `terminal`.
            A span's `score` is shown when the pointer is over it.
        title: of the page.

    Returns:
        str, the page.
    """
    known, paragraphs = [], []
    for text, spans, *heading in rows:
        inner = "".join(_html_piece(part, span, known) for part, span in pieces(text, spans))
        head = f"<b>{html.escape(heading[0])}</b>" if heading and heading[0] is not None else ""
        paragraphs.append(f"<p>{head}{inner or '<span class=none>(empty)</span>'}</p>")
    styles = "\n".join(f".c{i} {{ background: {c}; }}" for i, (_, c) in enumerate(COLORS))
    legend = " ".join(
        f'<mark class="c{color_of(label, known)}">{html.escape(str(label))}</mark>'
        for label in known
    )
    return PAGE.format(
        title=html.escape(title),
        styles=styles,
        legend=legend or "Nothing was found.",
        rows="\n".join(paragraphs),
    )


def color_of(label, known):
    """Number of a label's colour: in the order in which labels are met."""
    if label not in known:
        known.append(label)
    return known.index(label) % len(COLORS)


def visible(text):
    """Control characters as their escapes, so that a text cannot move the cursor; lines stay."""
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) != "Cc"
        else char.encode("unicode_escape").decode()
        for char in str(text)
    )


def _html_piece(part, span, known):
    if span is None:
        return html.escape(part)
    score = f' title="{span["score"]:.3f}"' if span.get("score") is not None else ""
    label = html.escape(str(span["label"]))
    number = color_of(span["label"], known)
    return f'<mark class="c{number}"{score}>{html.escape(part)}<small>{label}</small></mark>'
