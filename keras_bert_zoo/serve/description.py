"""The description of the server for programs: OpenAPI, exact for the task that is served."""

from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import models_json_schema

from .errors import STATUSES, ErrorAnswer

REFERENCE = "#/components/schemas/{model}"


class Health(BaseModel):
    """How the server is."""

    status: str = Field(description='"ready", "warming up", "stopping", "failed"; or "live".')
    waiting: int = Field(description="Inputs that wait for the model.")


class Info(BaseModel):
    """What is served."""

    model: str
    task: str
    kind: str = Field(description="What the page shows.")
    version: str
    backend: str
    parameters: int
    max_sequence_length: int
    windows: bool = Field(description="Whether all of a longer text is read.")
    limits: dict[str, float]
    fields: list[dict[str, str | bool]]
    facts: dict[str, object]


def prediction_answer(answers):
    """The model of what `/predict` answers."""
    return create_model(
        "Predictions",
        __doc__="An answer to each input, in the order of the inputs.",
        model=(str, ...),
        task=(str, ...),
        predictions=(list[answers.prediction], ...),
        tokens=(int, Field(description="Tokens of all inputs, without special ones.")),
        warnings=(list[str], Field(description="Inputs that were cut, and by how much.")),
    )


def responses(answers):
    """What `/predict` may answer, as FastAPI takes it."""
    refused = {code: {"model": ErrorAnswer, "description": why} for code, why in STATUSES.items()}
    about = "An answer to each input, in the order of the inputs."
    return {200: {"model": prediction_answer(answers), "description": about}, **refused}


def predict_extra(answers):
    """The body of `/predict`, which FastAPI does not read itself."""
    one_of = [{"$ref": REFERENCE.format(model=one.__name__)} for one in answers.forms]
    examples = {
        one.__name__: {
            "summary": one.__doc__,
            "value": one.model_config["json_schema_extra"]["examples"][0],
        }
        for one in answers.forms
    }
    content = {"application/json": {"schema": {"oneOf": one_of}, "examples": examples}}
    return {"requestBody": {"required": True, "content": content}}


def describe(app, answers):
    """Has `app.openapi()` hold the forms of requests too."""

    def openapi():
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            pairs = [(one, "validation") for one in answers.forms]
            _, defined = models_json_schema(pairs, ref_template=REFERENCE)
            schema["components"]["schemas"] |= defined["$defs"]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi
