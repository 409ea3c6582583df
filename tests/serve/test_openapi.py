"""The server keeps what its description promises."""

import pytest
from fastapi.testclient import TestClient

from keras_bert_zoo.serve import Settings, create_app
from tests.serve.served import CASES

schemathesis = pytest.importorskip("schemathesis", reason="pip install schemathesis")
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

pytestmark = pytest.mark.any_backend
MODES = schemathesis.GenerationMode
FEW = ("text", "span", "mask", "embed")


def try_all(name, examples):
    """Sends requests that fit the description, and others that do not, to a task's server.

    Schemathesis checks each answer: no 5xx, a described status, content and schema, an error for
    what does not fit the description and none for what does.
    """
    limits = Settings(max_texts=3, max_characters=40, max_batch_size=8, max_wait_ms=0)
    task = CASES[name].build(truncation="silent", max_sequence_length=32)
    with TestClient(create_app(task, limits)) as client:
        schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
        schema.config.update(base_url="http://testserver")
        operations = [one.ok() for one in schema.get_all_operations()]
        assert {one.path for one in operations} >= {"/predict", "/health", "/info", "/metrics"}
        statuses = set()
        for operation in operations:
            for mode in MODES if operation.path == "/predict" else [MODES.POSITIVE]:
                count = examples if operation.path == "/predict" else 1
                try_one(client, operation.as_strategy(mode), count, statuses)
        return statuses


def try_one(client, cases, examples, statuses):
    @given(case=cases)
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def check(case):
        response = client.request(**case.as_transport_kwargs())
        statuses.add(response.status_code)
        # That a target must be a token of the vocabulary is more than a schema can say.
        by_the_task = response.status_code == 422 and response.json()["error"]["code"] == "refused"
        excluded = [positive_data_acceptance] if by_the_task else []
        case.validate_response(response, excluded_checks=excluded)

    check()


@pytest.mark.parametrize("name", FEW)
def test_keeps_its_promises(name):
    assert {200, 422} <= try_all(name, 12)


@pytest.mark.slow
@pytest.mark.parametrize("name", set(CASES) - set(FEW))
def test_every_task_keeps_its_promises(name):
    try_all(name, 5)


@pytest.mark.parametrize("name", CASES)
def test_the_examples_are_answered(name):
    app = create_app(CASES[name].build(truncation="silent", max_sequence_length=32))
    with TestClient(app) as client:
        content = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
        examples = content["content"]["application/json"]["examples"]
        assert len(examples) == len(app.state.service.answers.forms)
        for name, example in examples.items():
            answer = client.post("/predict", json=example["value"])
            assert answer.status_code == 200, (name, answer.text)
