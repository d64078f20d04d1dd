"""Recognition and agreement from made-up scores; labels from made-up lists."""

from pathlib import Path

import numpy as np
import pytest

from photochrom.data.catalog import Entry
from photochrom.errors import DataError
from photochrom.evaluate.recognition import IMAGENETTE, first_answers, hits, read_labels


def entries(*keys: str) -> list[Entry]:
    return [Entry(key, Path("x.tar"), 0, 1) for key in keys]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


SCORES = np.array([[9, 8, 7, 6, 5, 4, 3], [1, 2, 3, 4, 5, 6, 7.0]])


def test_top_one_and_top_five_count_what_they_say() -> None:
    assert hits(SCORES, [frozenset([0]), frozenset([2])], 1).tolist() == [1, 0]
    assert hits(SCORES, [frozenset([4]), frozenset([2])], 5).tolist() == [1, 1]
    assert hits(SCORES, [frozenset([5]), frozenset([1])], 5).tolist() == [0, 0]


def test_photos_without_a_label_are_left_out() -> None:
    assert hits(SCORES, [None, frozenset([6])], 1).tolist() == [1]


def test_a_classifier_agrees_with_itself_even_where_it_is_wrong() -> None:
    assert hits(SCORES, first_answers(SCORES), 1).tolist() == [1, 1]
    assert hits(SCORES[::-1], first_answers(SCORES), 1).tolist() == [0, 0]


def test_wordnet_ids_are_classes_after_the_background(tmp_path: Path) -> None:
    table = written(tmp_path / "labels.csv", "split,key,source,label\nval,a,x,n01440764\nval,b,x,n03888257\nval,c,x,\n")
    assert read_labels(table, None, entries("val-0/a.webp", "b.jpg", "c.jpg", "d.jpg")) == [{1}, {702}, None, None]
    assert len(set(IMAGENETTE.values())) == 10


def test_names_and_their_synonyms_are_found_and_may_mean_two_classes(tmp_path: Path) -> None:
    names = written(tmp_path / "names.txt", "background\ntench, Tinca tinca\ncrane\ncrane\n")
    table = written(tmp_path / "labels.csv", "key,label\na,tinca TINCA\nb,crane\nc,forest\n")
    assert read_labels(table, names, entries("a.png", "b.png", "c.png")) == [{1}, {2, 3}, None]


def test_a_key_of_two_splits_takes_the_split_of_its_shard(tmp_path: Path) -> None:
    rows = "split,key,label\ntrain,a,n01440764\nval,a,n02102040\n"
    table = written(tmp_path / "labels.csv", rows)
    assert read_labels(table, None, entries("val-000/a.webp", "train-000/a.webp")) == [{218}, {1}]


def test_labels_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_labels(tmp_path / "gone.csv", None, entries("a.png"))
    with pytest.raises(DataError, match="expected key and label"):
        read_labels(written(tmp_path / "other.csv", "name,kind\na,b\n"), None, entries("a.png"))
    with pytest.raises(DataError, match=r"labels none of the 1 photos.*--class-names"):
        read_labels(written(tmp_path / "named.csv", "key,label\na,tench\n"), None, entries("a.png"))
    with pytest.raises(DataError, match="one a line"):
        read_labels(tmp_path / "named.csv", tmp_path / "gone.txt", entries("a.png"))
