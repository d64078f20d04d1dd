"""The OpenAPI schema against the server: whatever it allows, and whatever it forbids, is no fault of the server."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis", reason="pip install 'photochrom[test]'")

Site = Any
Make = Any

# Streams of events do not end; two photos are enough for the others.
ENDLESS = ("/api/v1/events",)


@pytest.mark.slow
def test_no_request_that_the_schema_tells_of_is_a_fault_of_the_server(site: Site, make: Make) -> None:
    job = site.client.wait(site.client.submit(make.photo()).id)
    schema = schemathesis.openapi.from_url(f"{site.address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    tested = set()
    for operation in operations:
        if operation.path in ENDLESS:
            continue
        tested.add((operation.method, operation.path))

        @settings(max_examples=12, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
                  suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            if "id" in case.path_parameters and case.method != "DELETE":
                case.path_parameters["id"] = job.id
            response = case.call(timeout=20)
            assert response.status_code < 500, (case.method, case.formatted_path, response.text)
            if response.status_code >= 400:
                assert response.headers["content-type"][0] == "application/problem+json"

        ask()
    assert len(tested) > 25
