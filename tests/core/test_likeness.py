"""What a similarity means in a library: against a naive count of its pairs, its nearest neighbours, its sharpness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from core.closeness import Closeness
from core.flow import Flow
from core.library import Library
from core.likeness import LEAST, Likeness, groups_nearest, in_hundred, limit_of, measure
from core.manifest import CaseFacts
from core.query import Query
from core.region import Region
from core.sharpness import sharpness
from core.sources import Source, SourceItem, open_source
from core.vector_field import VectorField
from core.vectors import PLAIN
from core.yardstick import Yardstick
from tests.conftest import DIMENSION, picture, png

HALF = Region(0.1, 0.1, 0.9, 0.9)


@pytest.fixture
def filled(library: Library) -> Library:
    """Sixty cases of two classes and twenty patients, some of them unknown."""
    items = tuple(
        SourceItem(
            f"{number:03}.png",
            CaseFacts(label=("ear-left", "throat")[number % 2], patient=f"p{number // 3}" if number < 48 else None),
            lambda number=number: png(picture(number + 1)),
        )
        for number in range(60)
    )
    library.ingest(Source("made up", items, (), ()))
    return library


def naive(library: Library) -> tuple[list[float], list[float]]:
    """Similarities of all same-class pairs, and of each case to its nearest, without those of one patient."""
    cases = library.catalog.cases()
    vectors = dict(zip(cases, library.catalog.vectors.get(PLAIN, [case.case_id for case in cases]), strict=True))
    strangers = [(a, b) for a, b in combinations(cases, 2) if a.patient is None or a.patient != b.patient]
    pairs = [float(vectors[a] @ vectors[b]) for a, b in strangers if a.label == b.label]
    nearest = [max(float(vectors[a] @ vectors[b]) for a, b in strangers if c in (a, b)) for c in cases]
    return pairs, nearest


def test_a_similarity_stands_where_a_naive_count_puts_it(filled: Library) -> None:
    typicality, (pairs, nearest) = measure(filled.catalog, PLAIN), naive(filled)
    for similarity in (-0.2, 0.0, 0.3, 0.6):
        share = sum(pair < similarity for pair in pairs) / len(pairs)
        assert typicality.standing(similarity) == pytest.approx(share, abs=0.01)
    assert typicality.limit == pytest.approx(float(np.quantile(nearest, 0.01)), abs=0.01)
    assert typicality.is_far(min(nearest) - 0.01)
    assert not typicality.is_far(max(nearest))


def test_a_small_library_tells_nothing(library: Library, folder_of: Callable[..., Path]) -> None:
    empty = measure(library.catalog, PLAIN)
    assert (empty.standing(0.9), empty.limit, empty.is_far(-1.0)) == (None, None, False)
    assert LEAST > 10 * 9 / 2


def test_never_all_of_a_hundred() -> None:
    assert [in_hundred(share) for share in (0.0, 0.504, 0.999, 1.0)] == [0, 50, 99, 99]


def test_only_one_whole_picture_is_held_against_pairs(filled: Library) -> None:
    one, two = (case.case_id for case in filled.catalog.cases(limit=2))
    alone = filled.search(Query(cases=(one,)))
    assert (alone.comparable, alone.together) == (True, None)
    assert alone.nearest == pytest.approx((alone.hits[0].similarity,))
    for query in (Query(cases=(one, two)), Query(cases=(one,), more=(two,)), Query(cases=(one,), region=HALF)):
        assert not filled.search(query).comparable


def test_every_whole_picture_is_judged_whatever_is_asked_beside_it(filled: Library) -> None:
    stored, strange = filled.catalog.cases(limit=1)[0].case_id, png(picture(9000))
    alone = [filled.search(query).nearest[0] for query in (Query(cases=(stored,)), Query((strange,)))]
    both = Query((strange,), (stored,))
    assert filled.search(both).nearest == pytest.approx(tuple(reversed(alone)))
    other = filled.catalog.cases()[-1].case_id
    for beside in (replace(both, more=(other,)), replace(both, cases=(), region=HALF)):
        assert filled.search(beside).nearest[0] == pytest.approx(alone[1])
    after = filled.search(replace(both, mirror=True))
    assert len(after.nearest) == 2


def naive_together(library: Library, groups: list[list[str]]) -> list[float]:
    """How near the mean of each group is to the nearest case that is not of the group, nor of its patients."""
    cases = library.catalog.cases()
    vectors = library.catalog.vectors.get(PLAIN, [case.case_id for case in cases])
    rows, found = {case.case_id: row for row, case in enumerate(cases)}, []
    for group in groups:
        mean = vectors[[rows[case_id] for case_id in group]].mean(axis=0)
        patients = {cases[rows[case_id]].patient for case_id in group} - {None}
        others = [r for c, r in rows.items() if c not in group and cases[r].patient not in patients]
        found.append(float(max(vectors[others] @ (mean / np.linalg.norm(mean)))))
    return found


@pytest.mark.parametrize("many", [2, 3])
def test_several_together_are_held_against_groups_of_one_class(filled: Library, many: int) -> None:
    cases, rng = filled.catalog.cases(), np.random.default_rng(7)
    labels = [case.label for case in cases]
    groups = []
    for _ in range(2000):
        label = labels[rng.integers(len(labels))]
        of_class = [case.case_id for case in cases if case.label == label]
        groups.append([str(case_id) for case_id in rng.choice(of_class, many, replace=False)])
    expected = np.quantile(naive_together(filled, groups), [0.1, 0.5, 0.9])
    measured = groups_nearest(filled.catalog, many)
    assert np.quantile(measured, [0.1, 0.5, 0.9]) == pytest.approx(expected, abs=0.03)
    assert len(groups_nearest(filled.catalog, 40)) == 0  # no class has as many


def test_what_is_close_is_said_of_each_picture_and_of_all_together(filled: Library) -> None:
    yardstick = Yardstick(filled.catalog, filled.store)
    found = filled.search(Query(cases=tuple(case.case_id for case in filled.catalog.cases(limit=2))))
    limit, together = yardstick.likeness(PLAIN).limit, limit_of(groups_nearest(filled.catalog, 2))
    assert limit is not None
    assert together is not None

    def judged(nearest: tuple[float, ...], mean: float | None) -> Closeness:
        return yardstick.closeness(replace(found, nearest=nearest, together=mean))

    near, far, apart = (limit + 0.01, limit + 0.01), (limit + 0.01, limit - 0.01), together - 0.01
    assert judged(near, together + 0.01) == Closeness((True, True), together=True)
    assert judged(near, together + 0.01).said(("a", "b")) == ""
    assert judged(far, together).said(("a", "b")).startswith("No close match for b: 99 of 100 images")
    assert judged(far[1:], None).said(("b",)).startswith("No close match: 99 of 100 images")
    assert judged(far[1:], None).said(("b",), in_part=True).startswith("No close match for the whole of this image:")
    assert judged(far[1:] * 2, apart).said(("a", "b")).startswith("No close match for any of these images")
    assert judged(near, apart).said(("a", "b")).startswith("No case is close to all of these images together")
    assert not judged(near, apart).close


def test_a_library_too_small_to_tell_doubts_nothing(library: Library, folder_of: Callable[..., Path]) -> None:
    with open_source(folder_of({"throat": 4}), library.taxonomy) as source:
        library.ingest(source)
    result = library.search(Query((png(picture(1)), png(picture(2)))))
    closeness = Yardstick(library.catalog, library.store).closeness(result)
    assert (closeness.pictures, closeness.together, closeness.close) == ((True, True), None, True)


def test_nothing_is_said_of_closeness_where_no_other_case_is(library: Library, folder_of: Callable[..., Path]) -> None:
    yardstick = Yardstick(library.catalog, library.store)
    empty = yardstick.closeness(library.search(Query((png(picture(1)),))))
    with open_source(folder_of({"throat": 1}), library.taxonomy) as source:
        library.ingest(source)
    alone = yardstick.closeness(library.search(Query(cases=(library.catalog.cases()[0].case_id,))))
    assert [(found.said(["one"]), found.close) for found in (empty, alone)] == [("", True), ("", True)]


def test_other_patients_only(filled: Library) -> None:
    case = next(case for case in filled.catalog.cases() if case.patient)
    own = {other.case_id for other in filled.catalog.cases() if other.patient == case.patient}
    everyone = filled.search(Query(cases=(case.case_id,), top_k=60)).hits
    others = filled.search(Query(cases=(case.case_id,), top_k=60, other_patients=True)).hits
    assert {hit.case.case_id for hit in everyone} - {hit.case.case_id for hit in others} == own - {case.case_id}
    stored = png(picture(1))
    found = filled.search(Query((stored,), top_k=60, other_patients=True)).hits
    assert not {hit.case.patient for hit in found} & {"p0"}


def test_a_blurred_picture_is_less_sharp_whatever_its_contrast() -> None:
    fine = np.random.default_rng(0).integers(0, 256, (40, 52, 3), dtype=np.uint8)
    image = Image.fromarray(fine).resize((160, 120), Image.Resampling.BICUBIC)
    faint = Image.blend(image, Image.new("RGB", image.size, (120, 90, 80)), 0.6)
    blurred = image.filter(ImageFilter.GaussianBlur(12))
    assert sharpness(blurred) < min(sharpness(image), sharpness(faint))
    assert sharpness(faint) == pytest.approx(sharpness(image), abs=0.05)
    assert sharpness(Image.new("RGB", (64, 64))) == 0


def test_what_is_measured_is_kept_until_a_good_part_of_the_library_is_new(filled: Library) -> None:
    yardstick = Yardstick(filled.catalog, filled.store)
    first = yardstick.likeness(PLAIN)
    assert yardstick.likeness(PLAIN) is first
    assert yardstick.least_sharpness() is not None
    for many, kept in ((2, True), (4, False)):
        items = tuple(
            SourceItem(f"{n}.png", CaseFacts(label="throat"), lambda n=n: png(picture(n)))
            for n in range(900, 900 + many)
        )
        filled.ingest(Source("more", items, (), ()))
        assert (yardstick.likeness(PLAIN) is first) is kept


def test_a_flow_that_was_trained_on_is_measured_anew_and_the_plain_embeddings_are_not(filled: Library) -> None:
    yardstick, flow_id = Yardstick(filled.catalog, filled.store), "f" * 12

    def activated(seed: int) -> Likeness:
        torch.manual_seed(seed)
        filled.activate(None)
        filled.catalog.vectors.drop(flow_id)
        filled.flows.replace(Flow(VectorField(dim=DIMENSION), flow_id=flow_id, name="test"))
        filled.activate(flow_id)
        return yardstick.likeness(flow_id)

    first, plain = activated(1), yardstick.likeness(PLAIN)
    assert yardstick.likeness(flow_id) is first
    assert not np.allclose(activated(2).pairs, first.pairs)
    assert yardstick.likeness(PLAIN) is plain
