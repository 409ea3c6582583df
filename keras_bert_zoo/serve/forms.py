"""Requests as pydantic models, and what is wrong with one, in words."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from ..errors import nearest
from .errors import ApiError, shown


class Form(BaseModel):
    """A way of asking. Nothing is taken for something else, and nothing is overlooked."""

    model_config = ConfigDict(strict=True, extra="forbid")


def form(name, about, example, **fields):
    """A `Form` of fields; the first of them tells it from the other forms.

    Args:
        name: of the model.
        about: its description.
        example: a request.
        **fields: name -> (type, default), as for `pydantic.create_model`.
    """
    config = {"examples": [example]}
    model = create_model(name, __base__=Form, __doc__=about, **fields)
    model.model_config = {**Form.model_config, "json_schema_extra": config}
    model.model_rebuild(force=True)
    return model


def text_type(settings, about, **options):
    """A text that is not too long."""
    return Annotated[str, Field(max_length=settings.max_characters, description=about, **options)]


def list_type(inner, settings, about):
    """One or more inputs, and not too many."""
    return Annotated[
        list[inner], Field(min_length=1, max_length=settings.max_texts, description=about)
    ]


def read_form(forms, body):
    """The body as one of the forms.

    Args:
        forms: list of `Form`s.
        body: values from JSON.

    Raises:
        ApiError: 422, which says what is wrong.
    """
    keys = [next(iter(one.model_fields)) for one in forms]
    if not isinstance(body, dict):
        raise _unfit("not_an_object", f"The body must be an object with {_one_of(keys)}.", body)
    found = [one for key, one in zip(keys, forms) if key in body]
    if not found:
        hint = next(filter(None, (nearest(given, keys) for given in body)), "")
        names = ", ".join(map(shown, body)) or "nothing"
        message = f"The body must have {_one_of(keys)}.{hint} Given: {names:.120}."
        raise ApiError(422, "missing_field", message)
    try:
        return found[0].model_validate(body)
    except ValidationError as error:
        others = [key for key in keys if key in body and key not in found[0].model_fields]
        raise told(error.errors(include_url=False)[0], found[0], others) from None


def told(error, model, others=()):
    """An `ApiError` for what pydantic found.

    Args:
        error: one of `ValidationError.errors()`.
        model: the form.
        others: fields that belong to another form.
    """
    kind, place, given = error["type"], where(error["loc"]), error["input"]
    limit = error.get("ctx", {})
    if kind == "extra_forbidden":
        if place in others:
            key = next(iter(model.model_fields))
            message = f"Give {key} or {place}, not both."
        else:
            known = list(model.model_fields)
            hint = nearest(str(error["loc"][-1]), known)
            message = f"Unknown field {shown(place)}.{hint} Accepted: {', '.join(known)}."
        return ApiError(422, "unknown_field", message)
    if kind == "missing":
        return ApiError(422, "missing_field", f"{place} is missing.")
    if kind in ("string_too_long", "too_long"):
        what = "characters" if kind == "string_too_long" else "items"
        code = "text_too_long" if kind == "string_too_long" else "too_many_texts"
        message = (
            f"{place} may have {limit['max_length']} {what}. Given: {len(given)}. "
            f"{'Shorten or split it.' if what == 'characters' else 'Send fewer at a time.'}"
        )
        return ApiError(422, code, message)
    if kind == "too_short":
        return _unfit("wrong_value", f"{place} must have {limit['min_length']} or more.", given)
    if kind == "string_pattern_mismatch":
        wanted = limit["pattern"].replace("\\", "")
        return _unfit("no_mask", f"{place} must hold {wanted} where a token is to be found.", given)
    wanted = WANTED.get(kind) or error["msg"].replace("Input should be", "must be").rstrip(".")
    return _unfit("wrong_type" if kind in WANTED else "wrong_value", f"{place} {wanted}.", given)


# pydantic's names -> what is said.
WANTED = {
    "string_type": "must be a string",
    "string_unicode": "must be a string of whole characters",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
}


def where(loc):
    """`("texts", 3)` as `texts[3]`; without the names that pydantic gives to variants."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif "[" not in part and part not in ("int", "str", "float"):
            path += f".{part}" if path else part
    return path or "The body"


def _unfit(code, message, given):
    return ApiError(422, code, f"{message} Given: {shown(given)}.")


def _one_of(keys):
    quoted = [f'"{key}"' for key in keys]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
