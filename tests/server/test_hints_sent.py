"""What clients send for a photo after it: hints, alternatives chosen, a reference, a transplant."""

from typing import Any

import numpy as np
import pytest

from photochrom import Hint, Hints
from photochrom.client import Job, Options, Problem

Make = Any
Site = Any


@pytest.fixture
def own(site: Site, make: Make) -> Job:
    """Give a job of one's own, done."""
    return site.client.wait(site.client.submit(make.photo(200, 150, "PNG")).id)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def job(site: Site, make: Make) -> Job:
    """Give a job that is done; tests do not choose anything for it."""
    return site.client.wait(site.client.submit(make.photo(200, 150, "PNG")).id)  # type: ignore[no-any-return]


def test_an_alternative_is_chosen_by_its_hint(site: Site, own: Job) -> None:
    found = site.client.alternatives(own.id, 150, 75)
    assert found[0].probability >= found[-1].probability
    assert found[-1].hint[0] == ((150.0, 75.0),)
    chosen = site.client.choose(own.id, Options(hints=(found[-1].hint,)))
    assert chosen.said["choice"]["hints"][0]["color"] == found[-1].color
    with pytest.raises(Problem, match="outside the photo"):
        site.client.alternatives(own.id, 201, 75)


def test_hints_are_saved_and_loaded(site: Site, own: Job, make: Make) -> None:
    hints = Hints(200, 150, (Hint(((10, 10), (40, 30)), (1, 0, 0), 4), Hint(((5.5, 6),), (0, 0, 1))))
    site.client.set_hints(own.id, hints.to_json())
    assert Hints.from_json(site.client.hints(own.id)) == hints
    layer = np.zeros((150, 200, 4), np.uint8)
    layer[20:40, 30:60] = (200, 30, 30, 255)
    job = site.client.set_hints(own.id, make.file(layer))
    assert {hint["color"] for hint in job.said["choice"]["hints"]} == {"#c81e1e"}
    assert "--hints photo-hints.json" in job.command


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (Hints(10, 10).to_json(), "for a photo of 10 x 10"),
        ("[]", "no JSON object and no PNG"),
        ("{}", "no hints"),
        ("/etc/passwd", "no JSON object and no PNG"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"", "no JSON object"),
    ],
)
def test_what_are_no_hints_is_refused(site: Site, job: Job, content: str | bytes, says: str) -> None:
    with pytest.raises(Problem, match=says) as refused:
        site.client.set_hints(job.id, content)
    assert refused.value.status == 422


def test_a_painted_layer_of_another_size_is_refused_before_it_is_decoded(site: Site, job: Job, make: Make) -> None:
    with pytest.raises(Problem, match="200 x 150"):
        site.client.set_hints(job.id, make.file(np.zeros((3000, 3000, 4), np.uint8)))


def test_a_reference_moves_the_colors_and_a_transplant_gives_its_own(site: Site, own: Job, make: Make) -> None:
    plain = np.array(site.client.field(own.id, Options()))
    referred = site.client.add_reference(own.id, make.color(200, 150))
    assert referred.said["choice"]["colors"] == "reference"
    assert "--reference REFERENCE" in referred.command
    assert abs(np.array(site.client.field(own.id, Options(colors="reference"))) - plain).max() > 1
    site.client.add_transplant(own.id, make.color(200, 150))
    site.client.run(own.id)
    assert site.client.wait(own.id).state == "done"
    result = make.opened(site.client.result(own.id)).astype(int)
    assert (result[..., 0] - result[..., 2]).mean() > 20, "orange"


def test_a_transplant_of_another_photo_is_refused_and_not_kept(site: Site, own: Job, make: Make) -> None:
    other = np.random.default_rng(9).integers(0, 255, (150, 200, 3)).astype(np.uint8)
    with pytest.raises(Problem, match="does not seem to show the same photo") as refused:
        site.client.add_transplant(own.id, make.file(other))
    assert str(site.folder) not in refused.value.detail
    with pytest.raises(Problem, match="none was uploaded"):
        site.client.field(own.id, Options(colors="transplant"))
    assert site.client.job(own.id).ready
