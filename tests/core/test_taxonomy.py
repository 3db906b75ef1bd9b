"""The classes, their mirrors and the labels people write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import TaxonomyError
from core.taxonomy import ENT, Taxonomy


def test_ent_has_the_seven_classes_of_the_method() -> None:
    assert ENT.labels == ("ear-left", "ear-right", "nose-left", "nose-right", "throat", "vc-open", "vc-closed")
    assert ENT.regions == ("ear", "nose", "throat", "larynx")
    assert ENT.sides == ("left", "right")


def test_incompatible_classes_are_those_of_the_method() -> None:
    assert {c.name: c.incompatible for c in ENT.classes} == {
        "ear-left": ("ear-right",),
        "ear-right": ("ear-left",),
        "nose-left": ("nose-right",),
        "nose-right": ("nose-left",),
        "throat": ("vc-open", "vc-closed"),
        "vc-open": ("vc-closed", "throat"),
        "vc-closed": ("vc-open",),
    }


def test_mirroring_twice_is_the_identity_and_swaps_sides() -> None:
    for c in ENT.classes:
        assert c.mirror is not None
        assert ENT[c.mirror].mirror == c.name
        assert {c.side, ENT[c.mirror].side} in ({None}, {"left", "right"})


@pytest.mark.parametrize("text", ["ear-left", "Ear Left", " EAR_LEFT ", "ear - left"])
def test_parse_knows_what_was_meant(text: str) -> None:
    assert ENT.parse(text) == "ear-left"


@pytest.mark.parametrize("text", ["Vocal cords open", "vocal_cords  OPEN"])
def test_a_title_is_as_good_as_a_name(text: str) -> None:
    assert ENT.parse(text) == "vc-open"


def test_an_unknown_label_is_named_with_the_known_ones() -> None:
    with pytest.raises(TaxonomyError, match=r"'elbow'.*ear-left"):
        ENT.parse("elbow")


def test_labels_by_region_and_side() -> None:
    assert ENT.labels_where(region="ear") == ("ear-left", "ear-right")
    assert ENT.labels_where(region="nose", side="left") == ("nose-left",)
    assert ENT.labels_where(side="right") == ("ear-right", "nose-right")


def test_a_taxonomy_survives_its_json(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps(ENT.to_dict()))
    assert Taxonomy.from_file(path) == ENT


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "a taxonomy is an object"),
        ({"classes": []}, "at least one class"),
        ({"classes": [{"title": "x"}]}, "needs a name"),
        ({"classes": [{"name": "A b"}]}, "lower-case words"),
        ({"classes": [{"name": "a"}, {"name": "a"}]}, "unique"),
        ({"classes": [{"name": "a", "side": "up"}]}, "left, right or absent"),
        ({"classes": [{"name": "a", "mirror": "b"}]}, "unknown classes b"),
        ({"classes": [{"name": "a", "mirror": "b"}, {"name": "b", "mirror": "b"}]}, "mirror of 'a'"),
        ({"classes": [{"name": "a", "colour": "red"}]}, "unknown fields colour"),
        ({"classes": [{"name": "a", "incompatible": "b"}]}, "must be a list"),
    ],
)
def test_a_malformed_taxonomy_is_refused_in_words(data: object, said: str) -> None:
    with pytest.raises(TaxonomyError, match=said):
        Taxonomy.from_dict(data)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text("{")
    with pytest.raises(TaxonomyError, match="give a JSON file"):
        Taxonomy.from_file(path)
