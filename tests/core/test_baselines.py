"""Baselines: the pictures as thumbnails, and an encoder that has learnt nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.baselines import baselines
from core.encoder import CLIPEncoder, UntrainedEncoder, describe
from core.evaluate import evaluate
from core.evaluation import LEAVE_ONE_OUT
from core.library import Library
from core.metrics import leave_one_out_recall_at_1
from tests.conftest import picture
from tests.core.test_encoder import tiny
from tests.core.test_ingest import ingest

__all__ = ["tiny"]


def test_thumbnails_are_the_pictures_themselves(library: Library, folder_of: Callable[..., Path]) -> None:
    ingest(library, folder_of({"ear-left": 4, "throat": 4}))
    assert list(baselines(library)) == ["thumbnail"]  # the fake encoder has no architecture to leave untrained
    cases, seen = library.catalog.cases(order="oldest"), []
    found = baselines(library, lambda done, total: seen.append((done, total)))["thumbnail"](cases)
    small = [
        np.asarray(picture(seed).resize((8, 8), Image.Resampling.BOX), dtype=float).ravel() / 255
        for seed in (int(case.filename[-7:-4]) + 4 * (case.label == "throat") + 1 for case in cases)
    ]
    assert found == pytest.approx(np.stack(small) - np.mean(small, axis=0), abs=1e-5)
    assert seen == [(8, 8)]


def test_an_untrained_encoder_is_another_of_the_same_form(tiny: Path) -> None:
    trained = CLIPEncoder(*describe(f"local-dir:{tiny}"))
    images = [picture(seed) for seed in range(6)]
    one, same, other = (UntrainedEncoder(trained, seed).encode_images(images) for seed in (1, 1, 2))
    assert one.shape == trained.encode_images(images).shape
    assert (one == same).all()
    assert abs(one - other).max() > 1e-3
    assert abs(one - trained.encode_images(images)).max() > 1e-3


def test_both_are_reported_for_a_library_of_clip(tmp_path: Path, tiny: Path, folder_of: Callable[..., Path]) -> None:
    library = Library.create(tmp_path / "library", encoder=f"local-dir:{tiny}")
    ingest(library, folder_of({"ear-left": 4, "throat": 4}))
    report = evaluate(library, baselines=baselines(library)).protocols[LEAVE_ONE_OUT]
    assert list(report.baselines) == ["thumbnail", "untrained"]
    assert report.baselines["untrained"].levels["class"].queries == 8
    library.close()


@pytest.mark.slow
def test_colours_alone_tell_much_of_real_images(real_images: Path, library: Library) -> None:
    """And so are the bar for an encoder; chance in seven classes is 0.13, in four regions about 0.27."""
    assert len(ingest(library, real_images / "entrep_sample").failures) == 0
    evaluation = evaluate(library, baselines=baselines(library))
    levels = evaluation.protocols[LEAVE_ONE_OUT].baselines["thumbnail"].levels
    assert (evaluation.split, evaluation.queries) == ("all", 35)
    assert levels["class"].overall["recall@1"].value == pytest.approx(21 / 35)
    assert levels["region"].overall["recall@1"].value == pytest.approx(26 / 35)
    cases = library.catalog.cases(order="oldest")
    vectors = baselines(library)["thumbnail"](cases)
    assert leave_one_out_recall_at_1(vectors, np.array([case.label for case in cases])) == pytest.approx(21 / 35)
