"""Cards: what a model says of itself survives the way through the file."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.card import FORMAT, Card, Decode
from photochrom.errors import ModelError

CHROMA = {"kind": "bins", "colors": [[0.0, 0.0]], "log_weights": [0.0]}
CARD = Card("a", "A model.", CHROMA, origins=({"what": "photos", "name": "mine"},), metrics={"psnr": 24.5})

decodes = st.builds(Decode, st.floats(0, 1), st.floats(-1, 2), st.floats(0, 4), st.integers(16, 1024))


@settings(max_examples=25, deadline=None)
@given(decodes, st.text(), st.text())
def test_json_keeps_every_card(decode: Decode, name: str, description: str) -> None:
    card = replace(CARD, decode=decode, name=name, description=description)
    assert Card.from_json(card.to_json()) == card


def test_a_card_is_one_line_of_json() -> None:
    assert "\n" not in replace(CARD, description="two\nlines").to_json()


def test_fields_of_later_versions_are_passed_over() -> None:
    values = {**json.loads(CARD.to_json()), "smell": "lavender"}
    assert Card.from_json(json.dumps(values)) == CARD


def test_a_later_format_asks_for_an_update() -> None:
    later = replace(CARD, format=FORMAT + 1).to_json()
    with pytest.raises(ModelError, match="update photochrom"):
        Card.from_json(later)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "{}"),
        '{"name": 1, "description": "", "chroma": {}}',
        '{"name": "a", "description": "", "chroma": []}',
        '{"name": "a", "description": "", "chroma": {}, "decode": 3}',
    ],
)
def test_what_is_no_card_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ModelError) as caught:
        Card.from_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 2.0},
        {"temperature": float("nan")},
        {"balance": "much"},
        {"saturation": -1.0},
        {"working_size": 0},
        {"contrast": 0.0},
    ],
    ids=str,
)
def test_decoding_that_cannot_be_done_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="decoding"):
        Decode(**change)  # type: ignore[arg-type]
