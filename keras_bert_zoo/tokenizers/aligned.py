"""A text that is rewritten step by step, and where each of its characters is from."""


class Aligned:
    """A text, and for each character the span of the caller's text that it stands for.

    Args:
        text: str.
        spans: list of (start, end), one for each character; its own places if not given.

    Example:
    >>> import re
    >>> text = Aligned("a &amp; b").sub(re.compile("&amp;"), lambda match: "and")
    >>> text.text, text.span(2, 5)
    ('a and b', (2, 7))
    """

    def __init__(self, text, spans=None):
        self.text = text
        self.spans = [(i, i + 1) for i in range(len(text))] if spans is None else spans

    def __getitem__(self, place):
        return Aligned(self.text[place], self.spans[place])

    def __add__(self, other):
        return Aligned(self.text + other.text, self.spans + other.spans)

    def span(self, start, end):
        """The span of the caller's text that the characters from `start` to `end` stand for."""
        if start >= end:
            return (0, 0)
        return self.spans[start][0], self.spans[end - 1][1]

    def sub(self, pattern, change):
        """The text with what `change` makes of each match; that stands for the whole match.

        What it leaves as it is stays aligned character by character.
        """
        texts, spans, last = [], [], 0
        for match in pattern.finditer(self.text):
            new, (start, end) = change(match), match.span()
            if new != match[0]:
                texts += [self.text[last:start], new]
                spans += [*self.spans[last:start], *[self.span(start, end)] * len(new)]
                last = end
        return Aligned("".join(texts) + self.text[last:], spans + self.spans[last:])

    def respaced(self, text):
        """The same characters with other white space between them.

        If `text` has other characters after all, each of its characters stands for the whole.
        """
        marks = [i for i, character in enumerate(self.text) if not character.isspace()]
        if [self.text[i] for i in marks] != [c for c in text if not c.isspace()]:
            return Aligned(text, [self.span(0, len(self.text))] * len(text))
        left, spans, place = iter(marks), [], 0
        for character in text:
            span = (place, place) if character.isspace() else self.spans[next(left)]
            spans.append(span)
            place = span[1]
        return Aligned(text, spans)
