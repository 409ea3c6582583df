"""Serves a SavedModel that takes raw text, with TensorFlow and without keras_bert_zoo.

    pip install tensorflow tensorflow-text fastapi uvicorn
    python examples/serve_saved_model.py my_export --name sentiment --port 8501
    curl localhost:8501/v1/models/sentiment:predict -d '{"instances": ["A lovely film."]}'

Requests and answers are those of TensorFlow Serving's REST interface: "instances" (rows) give
"predictions", "inputs" (columns) give "outputs". A SavedModel is a program, which may read and
write files: serve only what you trust.
"""

import argparse
import contextlib
import importlib

import uvicorn
from fastapi import Body, FastAPI, HTTPException


def create_app(folder, name="model"):
    """The server of a SavedModel, as an ASGI application."""
    import tensorflow as tf

    with contextlib.suppress(ImportError):
        importlib.import_module("tensorflow_text")  # its ops, if the model uses them
    loaded = tf.saved_model.load(folder)
    app = FastAPI(title=name)

    def signature_called(wanted):
        known = loaded.signatures
        if wanted not in known:
            raise HTTPException(
                400, f"No signature {wanted!r}; there are {', '.join(sorted(known))}."
            )
        return known[wanted], known[wanted].structured_input_signature[1]

    def as_tensors(columns, specs):
        if set(columns) != set(specs):
            raise HTTPException(400, f"Inputs must be {sorted(specs)}. Given: {sorted(columns)}.")
        try:
            return {key: tf.constant(columns[key], dtype=specs[key].dtype) for key in specs}
        except (TypeError, ValueError) as error:
            raise HTTPException(400, f"Inputs do not fit their types: {error}") from None

    def plain(value):
        """Lists of a tensor; text for bytes, as UTF-8."""
        if isinstance(value, list):
            return [plain(one) for one in value]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    @app.get(f"/v1/models/{name}")
    def status():
        return {"model_version_status": [{"version": "1", "state": "AVAILABLE"}]}

    @app.post(f"/v1/models/{name}:predict")
    def predict(request: dict = Body()):  # noqa: B008
        signature, specs = signature_called(request.get("signature_name", "serving_default"))
        if ("instances" in request) == ("inputs" in request):
            raise HTTPException(400, 'Give "instances" (rows) or "inputs" (columns).')
        by_row = "instances" in request
        given = request["instances" if by_row else "inputs"]
        columns = as_columns(given, specs) if by_row else given
        if not isinstance(columns, dict):
            columns = dict.fromkeys(specs, columns)  # of a model with one input
        try:
            outputs = signature(**as_tensors(columns, specs))
        except tf.errors.InvalidArgumentError as error:
            raise HTTPException(400, f"The model refused this: {error.message}") from None
        outputs = {key: plain(value.numpy().tolist()) for key, value in outputs.items()}
        if not by_row:
            return {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}
        rows = [dict(zip(outputs, row)) for row in zip(*outputs.values())]
        return {"predictions": rows if len(outputs) > 1 else next(iter(outputs.values()))}

    return app


def as_columns(rows, specs):
    """Rows, each a dictionary, or a value for a model with one input, as columns."""
    if not isinstance(rows, list) or not rows:
        raise HTTPException(400, '"instances" must be a list with at least one row.')
    if not isinstance(rows[0], dict):
        if len(specs) != 1:
            raise HTTPException(400, f"Each row must have {sorted(specs)}.")
        return {next(iter(specs)): rows}
    if any(not isinstance(row, dict) or set(row) != set(specs) for row in rows):
        raise HTTPException(400, f"Each row must have {sorted(specs)}, and nothing else.")
    return {key: [row[key] for row in rows] for key in specs}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--name", default="model")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    args = parser.parse_args()
    uvicorn.run(create_app(args.folder, args.name), host=args.host, port=args.port)
