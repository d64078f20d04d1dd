"""Looking and choosing: pictures agree with the library and with results, and come from what was asked once."""

import io
import json
import shlex
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photochrom import Colorizer, Photo, Settings
from photochrom.cli import main
from photochrom.client import Job, Options, Problem

Make = Any
Site = Any
HINT = (((20.0, 30.0),), "#c02020", 9.0)


@pytest.fixture(scope="module")
def photo(make: Make) -> bytes:
    return bytes(make.photo(200, 150, "PNG"))


@pytest.fixture(scope="module")
def job(site: Site, photo: bytes, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Give a job that is done; tests do not choose anything for it."""
    path = tmp_path_factory.mktemp("photo") / "street scene.png"
    path.write_bytes(photo)
    return site.client.wait(site.client.submit(path).id)  # type: ignore[no-any-return]


@pytest.fixture
def own(site: Site, photo: bytes) -> Job:
    """Give a job of one's own, done."""
    return site.client.wait(site.client.submit(photo).id)  # type: ignore[no-any-return]


def png(site: Site, job: Job, query: str) -> Any:
    """Return a picture without loss."""
    return site.client._bytes("GET", f"/jobs/{job.id}/{query}&format=png")


def test_the_field_is_the_librarys_answer(site: Site, job: Job, photo: bytes, toy_model: Path) -> None:
    answer = Colorizer(toy_model).answer(Photo.open(photo).pages[0])
    for options, settings in [
        (Options(), Settings()),
        (Options(saturation=0.5, warmth=-0.5, temperature=0.2), Settings(0.2, 0.5, warmth=-0.5)),
    ]:
        np.testing.assert_allclose(site.client.field(job.id, options), answer.ab(settings), atol=1e-5)


def test_the_best_effort_is_the_librarys_and_runs_the_network_once(
    site: Site, own: Job, photo: bytes, toy_model: Path
) -> None:
    best = Settings(effort="best")
    expected = Colorizer(toy_model).answer(Photo.open(photo).pages[0], best).ab(best)
    answers = site.service.shop.painters.answers
    before = answers.misses
    np.testing.assert_allclose(site.client.field(own.id, Options(effort="best")), expected, atol=1e-5)
    site.client.field(own.id, Options(effort="best", saturation=2))
    assert answers.misses == before + 1
    assert len(site.client.field(own.id, Options())) < len(expected), "the best effort looks closer"
    assert site.client.colorize(photo, Options(effort="best")) != site.client.colorize(photo)


def test_hints_run_the_network_again_and_everything_else_does_not(site: Site, own: Job) -> None:
    answers = site.service.shop.painters.answers
    site.client.field(own.id, Options(saturation=0.9))
    plain, before = np.array(site.client.field(own.id, Options())), answers.misses
    for warmth in (0.1, 0.2, 0.3):
        site.client.field(own.id, Options(warmth=warmth, saturation=2, look="vivid"))
        site.client.try_out(own.id, Options(warmth=warmth), side=64)
    assert answers.misses == before
    hinted = np.array(site.client.field(own.id, Options(hints=(HINT,))))
    assert answers.misses == before + 1
    assert abs(hinted - plain).max() > 5


def test_sliders_answer_at_once(site: Site, job: Job) -> None:
    site.client.field(job.id, Options())
    times = []
    for number in range(9):
        start = time.perf_counter()
        site.client.field(job.id, Options(saturation=number / 4))
        times.append(time.perf_counter() - start)
    assert min(times) < 0.25


@pytest.mark.parametrize("of", ["photo", "result"])
def test_a_piece_is_what_the_file_holds_there(site: Site, job: Job, photo: bytes, make: Make, of: str) -> None:
    x, y, width, height = 37, 21, 90, 70
    whole = make.opened(photo if of == "photo" else site.client.result(job.id))
    piece = make.opened(site.client.tile(job.id, (x, y, width, height), of=of))
    expected = whole[y : y + height, x : x + width].astype(float)
    assert piece.shape == expected.shape
    assert abs(piece - expected).mean() < 1.5
    assert abs(piece - expected).max() < 16, "the copy in tiles is a JPEG of quality 95"


def test_pieces_are_cut_off_at_the_border_and_come_at_half_the_size(site: Site, job: Job, make: Make) -> None:
    assert make.opened(site.client.tile(job.id, (150, 100, 512, 512))).shape == (50, 50, 3)
    assert make.opened(site.client.tile(job.id, (0, 0, 200, 150), 0.5)).shape == (75, 100, 3)
    assert make.opened(site.client.tile(job.id, (199, 149, 1, 1), 0.25)).shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("x=200&y=0&w=9&h=9", "outside the photo of 200 x 150"),
        ("x=0&y=0&w=9&h=9&scale=0.3", "expected 1, 0.5, 0.25"),
        ("x=0&y=0&w=9&h=9&scale=nan", "scale"),
        ("x=0&y=0&w=9000&h=9", "2048 at most"),
        ("x=-1&y=0&w=9&h=9", "query.x"),
        ("x=0&y=0&w=9&h=9&page=1", "there is no page 1"),
        ("x=0&y=0&w=9&h=9&file=/etc/passwd", "query.file"),
    ],
)
def test_a_piece_that_cannot_be_is_refused(site: Site, job: Job, query: str, says: str) -> None:
    with pytest.raises(Problem) as refused:
        png(site, job, f"tile?{query}")
    assert refused.value.status == 422
    assert says in refused.value.detail


def test_a_preview_is_the_result_small_and_may_be_kept_with_its_revision(site: Site, job: Job, make: Make) -> None:
    small = make.opened(png(site, job, "preview?side=100"))
    assert small.shape == (75, 100, 3)
    result = Photo.open(site.client.result(job.id)).to_array().reshape(75, 2, 100, 2, 3).mean(axis=(1, 3))
    assert abs(small - result).mean() < 3
    for revision, keeps in ((job.revision, True), (job.revision + 1, False)):
        with site.client._response("GET", f"/jobs/{job.id}/preview", {"revision": revision}) as response:
            assert ("immutable" in response.headers["Cache-Control"]) == keeps
    assert png(site, job, "preview?of=photo&side=100") != png(site, job, "preview?side=100")


def test_looks_differ_and_the_chosen_one_becomes_the_result(site: Site, own: Job, make: Make) -> None:
    pictures = {name: png(site, own, f"preview?look={name}&side=64") for name, _ in site.client.looks(own.id, 4)}
    assert list(pictures) == ["natural", "conservative", "vivid", "sample-1"]
    assert len(set(pictures.values())) == 4
    site.client.choose(own.id, Options(look="vivid"))
    site.client.run(own.id)
    assert site.client.wait(own.id).said["result_name"] == "photo-vivid.png"
    assert make.opened(png(site, own, "preview?side=64")).tolist() == make.opened(pictures["vivid"]).tolist()


def test_a_result_that_is_out_of_date_is_not_given(site: Site, own: Job) -> None:
    first = site.client.result(own.id)
    chosen = site.client.choose(own.id, Options(saturation=0))
    assert (chosen.ready, chosen.state) == (False, "done")
    with pytest.raises(Problem, match="run the job again") as refused:
        site.client.result(own.id)
    assert (refused.value.status, refused.value.type) == (409, "urn:photochrom:result-outdated")
    site.client.run(own.id)
    site.client.wait(own.id)
    result = Photo.open(site.client.result(own.id))
    assert not result.is_colored
    assert site.client.result(own.id) != first


def test_the_guess_map_is_a_picture_of_the_photos_shape(site: Site, job: Job, make: Make) -> None:
    assert make.opened(site.client.guess_map(job.id)).shape == (150, 200, 3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Options(saturation=9), "the saturation is 9"),
        (Options(temperature=-1), "the temperature is -1"),
        (Options(warmth=2), "the warmth is 2"),
        (Options(model="../default"), "there is no model '../default' here"),
        (Options(model="/etc/passwd"), "there is no model"),
        (Options(effort="utmost"), "effort"),
        (Options(format="exe"), "format"),
        (Options(quality=50), "lossless"),
        (Options(look="sample-9"), "look"),
        (Options(seed=-1), "seed"),
        (Options(hints=((((900.0, 9.0),), "#ff0000", None),)), "outside the photo of 200 x 150"),
        (Options(hints=((((9.0, 9.0),), "red", None),)), "#RRGGBB"),
        (Options(hints=((((9.0, 9.0),), "#ff0000", -1.0),)), "radius"),
        (Options(colors="reference"), "none was uploaded"),
    ],
)
def test_choices_that_cannot_be_are_refused_in_the_librarys_words(
    site: Site, job: Job, options: Options, says: str
) -> None:
    for ask in (site.client.field, site.client.choose):
        with pytest.raises(Problem, match=says) as refused:
            ask(job.id, options)
        assert refused.value.status == 422
    assert site.client.job(job.id).revision == job.revision


@pytest.mark.parametrize(
    "options",
    [
        Options(saturation=0.7, warmth=0.25, temperature=0.1),
        Options(hints=(HINT,), format="tiff"),
        Options(look="sample-2", seed=7, format="jpeg", quality=80),
        Options(effort="best", warmth=-0.5, hints=(HINT,)),
    ],
)
def test_the_command_line_makes_the_same(
    site: Site, photo: bytes, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy_model: Path
) -> None:
    (tmp_path / "a b.png").write_bytes(photo)
    job = site.client.submit(tmp_path / "a b.png")
    job = site.client.choose(job.id, options)
    site.client.wait(job.id)
    site.client.run(job.id)
    site.client.wait(job.id)
    monkeypatch.chdir(tmp_path)
    words = [str(toy_model) if word == "toy" else word for word in shlex.split(job.command)]
    with pytest.raises(SystemExit) as end:
        main(words[1:])
    assert end.value.code == 0
    assert (tmp_path / job.said["result_name"]).read_bytes() == site.client.result(job.id)


def test_pages_of_a_tiff_are_seen_one_by_one(site: Site, make: Make) -> None:
    from PIL import Image

    pages = [Image.fromarray(make.opened(make.photo(80, 60, "PNG", seed))) for seed in (1, 2)]
    file = io.BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    job = site.client.wait(site.client.submit(file.getvalue()).id)
    assert job.said["photo"]["sizes"] == [[80, 60], [80, 60]]
    first, second = (png(site, job, f"preview?page={page}") for page in (0, 1))
    assert first != second
    assert len(Photo.open(site.client.result(job.id)).pages) == 2


def test_a_turned_photo_is_seen_upright(site: Site, make: Make) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    job = site.client.wait(site.client.submit(make.photo(120, 80, exif=exif)).id)
    assert (job.said["photo"]["width"], job.said["photo"]["height"]) == (80, 120)
    assert make.opened(site.client.preview(job.id)).shape == (120, 80, 3)
    assert make.opened(site.client.tile(job.id, (0, 0, 80, 120))).shape == (120, 80, 3)


def test_models_tell_their_cards(site: Site) -> None:
    (model,) = site.client.models()
    assert (model["name"], model["takes_hints"], model["card"]["description"]) == ("toy", True, "For tests.")


def test_a_job_says_everything_the_page_needs(site: Site, job: Job) -> None:
    said = json.loads(json.dumps(site.client.job(job.id).said))
    assert said["photo"] == {
        "format": "png", "width": 200, "height": 150, "pages": 1, "sizes": [[200, 150]], "bits": 8, "channels": "gray",
        "alpha": False, "bytes": said["photo"]["bytes"], "colored": False,
    }  # fmt: skip
    assert (said["name"], said["result_name"]) == ("street scene.png", "street scene-color.png")
    assert said["command"] == "photochrom colorize 'street scene.png' --model toy"
