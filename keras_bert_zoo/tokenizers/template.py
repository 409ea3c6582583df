"""Where the special tokens of a family go: around one text, and around the two of a pair."""

import dataclasses
import functools
import json


@dataclasses.dataclass(frozen=True)
class Layout:
    """The special ids of one kind of row.

    Args:
        ids: one tuple of ids before each part, and one after the last.
        id_segments: the segment of each of these ids, in the same form.
        segments: the segment of each part.
    """

    ids: tuple
    id_segments: tuple
    segments: tuple

    @functools.cached_property
    def special(self):
        """How many special ids a row has."""
        return sum(map(len, self.ids))

    @functools.cached_property
    def steps(self):
        """For each part its segment, and the ids after it with their segments."""
        return tuple(zip(self.segments, self.ids[1:], self.id_segments[1:]))

    def starts(self, lengths):
        """Where each part begins in the row, from how many ids each of them has.

        >>> Layout(((2,), (3,), (3,)), ((0,), (0,), (1,)), (0, 1)).starts([5, 7])
        [1, 7]
        """
        starts, place = [], 0
        for before, length in zip(self.ids, lengths):
            starts.append(place + len(before))
            place = starts[-1] + length
        return starts

    def filled_with(self, value):
        """The same layout with one value for each of its ids."""
        return dataclasses.replace(self, ids=tuple((value,) * len(ids) for ids in self.ids))


@dataclasses.dataclass(frozen=True)
class Template:
    """How ids become a row.

    Args:
        single: `Layout` of one text.
        pair: `Layout` of two.
        padding_side: "right", or "left" for XLNet, whose class token ends the row and is looked
            for in the last place.
    """

    single: Layout
    pair: Layout
    padding_side: str = "right"

    def layout(self, parts):
        """The `Layout` of so many texts.

        Raises:
            ValueError: neither one nor two.
        """
        if parts not in (1, 2):
            raise ValueError(f"A row is made of one text or of two. Given: {parts}.")
        return self.single if parts == 1 else self.pair

    @functools.cached_property
    def special_ids(self):
        """All ids that the template puts in, ascending."""
        groups = (*self.single.ids, *self.pair.ids)
        return tuple(sorted({index for group in groups for index in group}))


def bert_layout(cls_id, sep_id, parts):
    """`[CLS] a [SEP] b [SEP]`, for any number of parts, each a segment of its own."""
    ids = ((cls_id,), *(((sep_id,),) * parts))
    return Layout(ids, ((0,), *((number,) for number in range(parts))), tuple(range(parts)))


def template_of(engine, cls_token=None, sep_token=None):
    """The template of a `tokenizers.Tokenizer`, found in its post-processor.

    Args:
        engine: `tokenizers.Tokenizer`.
        cls_token, sep_token: tokens of an engine whose post-processor adds none, or is of a kind
            that is not known: then they are put as BERT does; without them, none.

    Raises:
        ValueError: the post-processor puts the texts in another order, or repeats them.
    """
    processor = engine.post_processor
    pieces = _pieces(json.loads(processor.__getstate__())) if processor is not None else None
    cls_id, sep_id = (token and engine.token_to_id(token) for token in (cls_token, sep_token))
    if pieces is None:
        if None in (cls_id, sep_id):
            return Template(_layout(["A"]), _layout(["A", "B"]))
        return Template(bert_layout(cls_id, sep_id, 1), bert_layout(cls_id, sep_id, 2))
    single, pair = map(_layout, pieces)
    last = single.ids[-1][-1:]
    side = "left" if not single.ids[0] and last == (cls_id,) else "right"
    return Template(single, pair, side)


def _pieces(processor):
    """The pieces of one text and of a pair: "A", "B", or (ids, segment); None if it has none."""
    kind = processor.get("type")
    if kind == "Sequence":
        found = [_pieces(one) for one in processor["processors"]]
        return next((pieces for pieces in found if pieces is not None), None)
    if kind in ("BertProcessing", "RobertaProcessing"):
        cls, sep = ([processor[name][1]] for name in ("cls", "sep"))
        single = [(cls, 0), ("A", 0), (sep, 0)]
        if kind == "BertProcessing":
            return single, [*single, ("B", 1), (sep, 1)]
        return single, [*single, (sep, 0), ("B", 0), (sep, 0)]
    if kind != "TemplateProcessing":
        return None
    ids = {name: token["ids"] for name, token in processor["special_tokens"].items()}
    return tuple([_piece(piece, ids) for piece in processor[name]] for name in ("single", "pair"))


def _piece(piece, ids):
    if "Sequence" in piece:
        return piece["Sequence"]["id"], piece["Sequence"]["type_id"]
    return ids[piece["SpecialToken"]["id"]], piece["SpecialToken"]["type_id"]


def _layout(pieces):
    """The `Layout` of pieces."""
    pieces = [
        (piece, number) if isinstance(piece, str) else piece for number, piece in enumerate(pieces)
    ]
    ids, id_segments, segments, names = [()], [()], [], []
    for piece, segment in pieces:
        if isinstance(piece, str):
            names.append(piece)
            segments.append(segment)
            ids.append(())
            id_segments.append(())
        else:
            ids[-1] += tuple(piece)
            id_segments[-1] += (segment,) * len(piece)
    if names not in (["A"], ["A", "B"]):
        raise ValueError(
            f"The tokenizer's template holds {names}; only A, and A before B, can be packed."
        )
    return Layout(tuple(ids), tuple(id_segments), tuple(segments))
