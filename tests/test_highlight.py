"""Marked texts for terminals and browsers."""

from html.parser import HTMLParser

import pytest

from keras_bert_zoo.highlight import COLORS, page, pieces, terminal, visible

pytestmark = pytest.mark.any_backend

TEXT = "Anna met 李明 in Zürich 🎉."
SPANS = [
    {"start": 9, "end": 11, "label": "PER", "score": 0.5},
    {"start": 0, "end": 4, "label": "PER", "score": 0.98},
    {"start": 15, "end": 21, "label": "LOC", "score": 0.7},
]


class Marks(HTMLParser):
    """What a browser would show: the text outside the legend, and its marks."""

    def __init__(self):
        super().__init__()
        self.text, self.marks, self.scripts, self.small = "", [], 0, False

    def handle_starttag(self, tag, attributes):
        self.small = tag == "small"
        self.scripts += tag == "script"
        if tag == "mark":
            self.marks.append(["", dict(attributes)])

    def handle_data(self, data):
        if self.lasttag_is_mark and not self.small:
            self.marks[-1][0] += data
        if not self.small:
            self.text += data

    @property
    def lasttag_is_mark(self):
        return self.lasttag == "mark"

    def handle_endtag(self, tag):
        if tag == "mark":
            self.lasttag = None
        self.small = False


def test_pieces_join_to_the_text():
    parts = pieces(TEXT, SPANS)
    assert "".join(part for part, _ in parts) == TEXT
    assert [part for part, span in parts if span] == ["Anna", "李明", "Zürich"]
    assert pieces("", []) == [("", None)]
    overlapping = [{"start": 0, "end": 4, "label": "a"}, {"start": 2, "end": 6, "label": "b"}]
    assert [part for part, span in pieces(TEXT, overlapping) if span] == ["Anna"]
    with pytest.raises(ValueError, match="from 0 to 99 is not in a text of 24"):
        pieces(TEXT, [{"start": 0, "end": 99, "label": "a"}])


def test_terminal():
    assert terminal(TEXT, SPANS, color=False) == "[Anna PER] met [李明 PER] in [Zürich LOC] 🎉."
    colored = terminal(TEXT, SPANS, title="Who?")
    first, second = COLORS[0][0], COLORS[1][0]
    assert colored.startswith("\x1b[1mWho?\x1b[0m\n\x1b[30;48;5;")
    assert f"48;5;{first}mAnna" in colored
    assert f"48;5;{first}m李明" in colored
    assert f"48;5;{second}mZürich" in colored
    known = []
    terminal("a", [{"start": 0, "end": 1, "label": "LOC"}], known=known)
    terminal(TEXT, SPANS, known=known)
    assert known == ["LOC", "PER"]  # the same colours for all texts


def test_a_text_cannot_move_the_cursor():
    assert terminal("a\x1b[2Jb\x07\r\nc\td\x9b", [], color=True) == "a\\x1b[2Jb\\x07\\r\nc\td\\x9b"
    assert visible("é 李 🎉") == "é 李 🎉"


def test_page_shows_the_text_and_nothing_of_it_runs():
    evil = '<script>alert(1)</script> & "Anna"'
    span = {"start": evil.index("Anna"), "end": evil.index("Anna") + 4, "label": "<b>"}
    shown = page([(TEXT, SPANS), (evil, [span], "a <question>?"), ("", [])], "My <page>")
    parser = Marks()
    parser.feed(shown)
    assert parser.scripts == 0
    assert evil in parser.text
    assert TEXT in parser.text
    assert "a <question>?" in parser.text
    assert [text for text, _ in parser.marks] == [
        "PER",
        "LOC",
        "<b>",
        "Anna",
        "李明",
        "Zürich",
        "Anna",
    ]
    anna = parser.marks[3][1]
    assert anna["title"] == "0.980"
    assert anna["class"] == parser.marks[0][1]["class"]
    assert "Nothing was found." in page([("a", [])])
