"""The OpenAPI schema against the server: whatever it allows, and whatever it forbids, is no fault of the server."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis", reason="pip install 'photochrom[test]'")

Site = Any
Make = Any

# Streams of events do not end; two photos are enough for the others.
ENDLESS = ("/api/v1/events",)
EXAMPLES = 6
"""For each operation, the same ones in every run."""


def sent(case: Any, photo: bytes) -> Any:
    """Send a case; where it sends files, these are photos, so that what stands beside them is looked at."""
    given = case.as_transport_kwargs()
    body = case.body if isinstance(case.body, dict) else {}
    files = [(name, (f"{name}.jpg", photo)) for name in ("file", "reference") if name in body]
    others = [one for one in given.get("files") or [] if one[0] not in ("file", "reference", "transplant")]
    return case.call(timeout=20, **({"files": files + others} if files else {}))


@pytest.mark.slow
def test_no_request_that_the_schema_tells_of_is_a_fault_of_the_server(site: Site, make: Make) -> None:
    photo = make.photo()
    job = site.client.wait(site.client.submit(photo).id)
    schema = schemathesis.openapi.from_url(f"{site.address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    tested, accepted = set(), set()
    for operation in operations:
        if operation.path in ENDLESS:
            continue
        tested.add((operation.method, operation.path))

        @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
                  suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            if "id" in case.path_parameters and case.method != "DELETE":
                case.path_parameters["id"] = job.id
            response = sent(case, photo)
            assert response.status_code < 500, (case.method, case.formatted_path, response.text)
            if response.status_code >= 400:
                assert response.headers["content-type"][0] == "application/problem+json"
            else:
                accepted.add(case.path)

        ask()
    assert len(tested) > 25
    assert len(accepted) > 15, "requests that are refused at the door test nothing behind it"
