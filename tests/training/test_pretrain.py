from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from core.clip_model import tokenizer
from core.encoder import CLIPEncoder, describe
from core.errors import EntError
from training.phantoms.dataset import phantoms
from training.phantoms.draw import Draw
from training.phantoms.findings import Facts
from training.phantoms.patient import Phantom
from training.pretrain import bundle
from training.pretrain.augment import Strength, augment, normalised
from training.pretrain.config import VOCABULARY, PretrainConfig
from training.pretrain.figures import figures
from training.pretrain.meaning import FINDING, LABELS, SENTENCE, STRUCTURE, Meaning, parts_of
from training.pretrain.objective import Objective, contrast
from training.pretrain.phrases import finding_phrase, mirrored_words, structure_phrase
from training.pretrain.pool import _PHRASES, Pool, make_pool, texts
from training.pretrain.pretrainer import CHECKPOINT, TELL_EVERY, Batch, Pretrainer, PretrainEvent
from training.pretrain.run import run, start_model

TINY = PretrainConfig(images=14, image_size=64, steps=4, batch=6, warmup=2)
NOTHING = torch.zeros(1, dtype=torch.int64)
"""The parts that a text names which names none."""
STILL = Strength(0, (1, 1), 0, 0, (1, 1), 0, (1, 1), 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def model_name(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tiny")
    bundle.write_config(folder, TINY.model())
    return f"local-dir:{folder}"


@pytest.fixture(scope="module")
def pool(model_name: str) -> Pool:
    return make_pool(TINY.images, TINY.images_seed, TINY.image_size, tokenizer(model_name), cache=None)


def trained(model_name: str, pool: Pool, config: PretrainConfig = TINY, folder: Path | None = None) -> Pretrainer:
    pretrainer = Pretrainer(config, start_model(config, model_name, pool), pool)
    list(pretrainer.fit(folder))
    return pretrainer


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(model_name: str, pool: Pool) -> None:
    first = trained(model_name, pool)
    assert equal(first.averaged, trained(model_name, pool).averaged)
    assert not equal(first.averaged, trained(model_name, pool, dataclasses.replace(TINY, seed=1)).averaged)


def test_a_run_that_was_cut_short_ends_as_if_it_were_not(model_name: str, pool: Pool, tmp_path: Path) -> None:
    cut = Pretrainer(TINY, start_model(TINY, model_name, pool), pool)
    for step in range(2):
        cut._do_step(cut._batch(step))
    cut.save(tmp_path / CHECKPOINT)
    resumed = Pretrainer(TINY, start_model(dataclasses.replace(TINY, seed=99), model_name, pool), pool)
    resumed.resume(tmp_path / CHECKPOINT)
    list(resumed.fit())
    assert resumed.step == TINY.steps
    assert equal(resumed.averaged, trained(model_name, pool).averaged)


def test_a_checkpoint_of_other_settings_is_refused(model_name: str, pool: Pool, tmp_path: Path) -> None:
    trained(model_name, pool, folder=tmp_path)
    other = Pretrainer(dataclasses.replace(TINY, lr=1.0), start_model(TINY, model_name, pool), pool)
    with pytest.raises(EntError, match="other settings"):
        other.resume(tmp_path / CHECKPOINT)
    with pytest.raises(EntError, match="no run of these settings"):
        other.resume(tmp_path / "nowhere.pt")


def test_a_loss_that_is_not_finite_stops_the_run(model_name: str, pool: Pool) -> None:
    pretrainer = Pretrainer(dataclasses.replace(TINY, clip=math.inf), start_model(TINY, model_name, pool), pool)
    with pytest.raises(EntError, match="not finite"):
        list(pretrainer.fit())


def test_a_run_leaves_an_encoder_that_the_engine_loads(tmp_path: Path) -> None:
    record = run(tmp_path / "encoder", TINY, cache=tmp_path / "cache", measured=3)
    encoder = CLIPEncoder(*describe(f"local-dir:{tmp_path / 'encoder'}"))
    embeddings = encoder.encode_texts(["left ear", "right ear"])
    assert embeddings.shape == (2, 512)
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert record["phantoms"]["images"] == 21
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "encoder"]
    assert json.loads((tmp_path / "encoder" / bundle.RECORD).read_text())["settings"]["steps"] == TINY.steps
    with pytest.raises(EntError, match="not empty"):
        run(tmp_path / "encoder", TINY, cache=tmp_path / "cache")


def test_words_that_were_never_seen_say_nothing(model_name: str, pool: Pool, tmp_path: Path) -> None:
    model = start_model(TINY, model_name, pool)
    bundle.write_config(tmp_path, TINY.model())
    bundle.write_weights(tmp_path, model.state_dict(), pool.vocabulary)
    written = load_file(tmp_path / bundle.WEIGHTS)[bundle.TOKENS]
    seen = pool.vocabulary.tolist()
    unseen = set(tokenizer(model_name)(["locomotive"])[0].tolist()) - set(seen)
    assert len(written) == VOCABULARY
    assert unseen
    assert not written[sorted(unseen)].any()
    assert torch.equal(written[seen], model.state_dict()[bundle.TOKENS].half())


def test_a_text_has_the_same_embedding_in_the_model_that_is_written(
    model_name: str, pool: Pool, tmp_path: Path
) -> None:
    model = start_model(TINY, model_name, pool).eval()
    bundle.write_config(tmp_path, TINY.model())
    bundle.write_weights(tmp_path, model.state_dict(), pool.vocabulary)
    tokens = pool.tokens[:3, SENTENCE, 0].long()
    with torch.inference_mode():
        trained_with = torch.nn.functional.normalize(model.encode_text(tokens), dim=-1)
    encoder = CLIPEncoder(*describe(f"local-dir:{tmp_path}"))
    captions = [one.caption() for one in phantoms(TINY.images_seed, 2)][:3]
    assert np.allclose(encoder.encode_texts(captions), trained_with.numpy(), atol=2e-3)  # half precision


def test_rendered_images_are_kept_and_read_again(
    model_name: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.pretrain.pool.CHUNK", 8)  # in workers
    calls: list[int] = []

    def make() -> Pool:
        return make_pool(14, 1_000, 64, tokenizer(model_name), tmp_path, lambda done, _total: calls.append(done))

    first, again = make(), make()
    assert calls == [8, 14]
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.pixels, pool.pixels)
    assert torch.equal(first.tokens, again.tokens)


def test_what_a_text_says_is_true_of_what_it_is_true_of() -> None:
    facts = [
        Facts("ear-left", "perforation", 0.9),
        Facts("ear-right", "perforation", 0.9),
        Facts("ear-left", "perforation", 0.2),
        Facts("vc-open", "polyp", 0.5, "left"),
        Facts("vc-open", "polyp", 0.5, "right"),
        Facts("nose-left", "polyp", 0.5),
    ]
    meaning = Meaning.of(facts)

    def said(kind: int) -> list[list[int]]:
        return meaning.said_by(torch.full((len(facts),), kind), NOTHING.expand(len(facts))).int().tolist()

    assert said(SENTENCE) == np.eye(len(facts), dtype=int).tolist()
    assert said(STRUCTURE)[0] == [1, 0, 1, 0, 0, 0]
    assert said(STRUCTURE)[3] == [0, 0, 0, 1, 1, 0]
    assert said(FINDING)[0] == [1, 1, 1, 0, 0, 0]
    assert said(FINDING)[5] == [0, 0, 0, 0, 0, 1]  # a polyp of the nose is none of the larynx


def test_kinds_may_differ_from_text_to_text() -> None:
    meaning = Meaning.of([Facts("ear-left", "wax", 0.9), Facts("ear-right", "wax", 0.9)])
    said = meaning.said_by(torch.tensor([STRUCTURE, FINDING]), NOTHING.expand(2))
    assert said.tolist() == [[True, True], [False, True]]


def test_a_text_is_not_true_of_an_image_that_does_not_show_what_it_names() -> None:
    views = ("mouth", "back wall", "tongue base", "tongue base and tonsils")
    meaning = Meaning.of([Facts("throat", "normal", 0.0, view=view) for view in views])
    names = torch.tensor(
        [parts_of(text) for text in ("Normal tonsils", "throat", "tongue base", "tonsils, tongue base")]
    )
    said = meaning.said_by(torch.full((4,), SENTENCE), names)
    assert said.int().T.tolist() == [[1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]


def test_the_mirror_image_has_the_other_side() -> None:
    facts = [Facts("ear-left", "wax", 0.5), Facts("vc-open", "polyp", 0.5, "left"), Facts("throat", "normal", 0)]
    mirrored = Meaning.of(facts).mirrored(torch.tensor([True, True, True]))
    expected = Meaning.of([one.mirrored() for one in facts])
    for field in dataclasses.fields(Meaning):
        assert torch.equal(getattr(mirrored, field.name), getattr(expected, field.name))
    assert mirrored_words("Left ear, septum deviated to the left") == "Right ear, septum deviated to the right"


def test_phrases_name_class_and_finding_without_a_gap() -> None:
    draw = Draw(0, 0)
    for phantom in phantoms(5, 20):
        structure, finding = structure_phrase(phantom.facts, draw), finding_phrase(phantom.facts, draw)
        assert not any(wrong in text for text in (structure, finding) for wrong in ("{", "}", "None"))
        if phantom.facts.region in ("ear", "nose"):
            assert str(phantom.facts.side) in structure
            assert "left" not in finding
            assert "right" not in finding


def test_contrast_is_the_naive_sum() -> None:
    torch.manual_seed(0)
    logits, true = torch.randn(5, 7), torch.rand(5, 7) < 0.4
    true[2] = False  # nothing true: the row is left out
    rows = []
    for row in range(5):
        if true[row].any():
            log_p = [logits[row, j] - torch.log(torch.exp(logits[row]).sum()) for j in range(7) if true[row, j]]
            rows.append(-sum(log_p) / len(log_p))
    assert torch.allclose(contrast(logits, true), torch.stack(rows).mean(), atol=1e-6)
    assert contrast(logits, torch.zeros_like(true)) == 0


def test_without_strength_augmentation_only_mirrors() -> None:
    pixels = torch.randint(0, 255, (2, 32, 32, 3), dtype=torch.uint8)
    seen = augment(pixels, torch.tensor([False, True]), torch.Generator().manual_seed(0), STILL)
    plain = normalised(pixels.permute(0, 3, 1, 2).float() / 255)
    assert torch.allclose(seen[0], plain[0], atol=1e-4)
    assert torch.allclose(seen[1], plain[1].flip(-1), atol=1e-4)


def test_augmentation_is_that_of_its_generator() -> None:
    pixels, mirrored = torch.randint(0, 255, (4, 32, 32, 3), dtype=torch.uint8), torch.zeros(4, dtype=torch.bool)
    one, same, other = (augment(pixels, mirrored, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_run_that_was_cut_short_is_gone_on_with_and_not_begun_again_by_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.pretrain.pretrainer.KEEP_EVERY", 1)
    config = dataclasses.replace(TINY, steps=TELL_EVERY + 2)

    def cut(_event: PretrainEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", config, tmp_path / "cache", measured=2, on_event=cut)
    with pytest.raises(EntError, match="cut short before: go on with --resume"):
        run(tmp_path / "cut", config, tmp_path / "cache", measured=2)
    record = run(tmp_path / "cut", config, tmp_path / "cache", resume=True, measured=2)
    run(tmp_path / "whole", config, tmp_path / "cache", measured=2)

    assert [len(record["conditions"]), *record["loss"]] == [1, config.steps]
    assert (tmp_path / "cut" / bundle.WEIGHTS).read_bytes() == (tmp_path / "whole" / bundle.WEIGHTS).read_bytes()
    assert not list((tmp_path / "cache").glob("run-*/*"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "cut", "whole"]
    with pytest.raises(EntError, match="no run of these settings"):
        run(tmp_path / "again", config, tmp_path / "cache", resume=True, measured=2)


def test_two_programs_give_the_same_weights(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from training.pretrain.config import PretrainConfig;"
        "from training.pretrain.run import run;"
        "run(Path(sys.argv[1]), PretrainConfig(images=7, steps=4, batch=24, warmup=2), Path(sys.argv[2]), measured=2)"
    )
    for name in ("one", "other"):
        command = [sys.executable, "-c", code, str(tmp_path / name), str(tmp_path / f"cache-{name}")]
        subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    one, other = ((tmp_path / name / bundle.WEIGHTS).read_bytes() for name in ("one", "other"))
    assert one == other


def test_other_conditions_than_before_are_recorded(
    model_name: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(model_name, pool, folder=tmp_path)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    resumed = Pretrainer(TINY, start_model(TINY, model_name, pool), pool)
    resumed.resume(tmp_path / CHECKPOINT)
    assert [one.threads == 77 for one in resumed.conditions] == [False, True]


def test_a_damaged_checkpoint_is_told(model_name: str, pool: Pool, tmp_path: Path) -> None:
    trained(model_name, pool, folder=tmp_path)
    whole = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EntError, match="damaged; remove"):
        Pretrainer(TINY, start_model(TINY, model_name, pool), pool).resume(tmp_path / CHECKPOINT)


def test_other_words_are_not_taken_for_these(model_name: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.pretrain.phrases.FINDING_FRAMES", ("{region}: {finding}",) * 3)
    other = make_pool(TINY.images, TINY.images_seed, TINY.image_size, tokenizer(model_name), cache=None)
    assert other.drawn == pool.drawn
    assert other.digest != pool.digest


WRONG = [{"image_size": 100}, {"steps": 0}, {"batch": 1}, {"images": 3}, {"seed": -1}, {"lr": 0.0}, {"average": 1.0}]


@pytest.mark.parametrize("wrong", WRONG)
def test_settings_that_make_no_sense_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(EntError, match=next(iter(wrong)).replace("_", ".")):
        PretrainConfig(**wrong)


def test_the_learning_rate_rises_then_falls() -> None:
    config = PretrainConfig(steps=100, warmup=10, lr=1.0)
    rates = [config.learning_rate(step) for step in range(100)]
    assert rates[0] < rates[9]
    assert max(rates) < 1.01
    assert rates[-1] < 0.01


def test_figures_count_what_is_right_and_leave_out_what_they_must() -> None:
    facts = [
        Facts("ear-left", "wax", 0.5),
        Facts("ear-left", "normal", 0.0),
        Facts("ear-right", "wax", 0.5),
        Facts("nose-left", "polyp", 0.5),
    ]
    images = np.eye(4, 5, dtype=np.float32)
    images[1, 0], images[2, 1], images[3, 1] = 0.9, 0.5, 0.4  # nearest: 0 and 1 each other, 2 and 3 the second
    captions = np.eye(4, 5, dtype=np.float32)[[0, 0, 2, 3]]
    alone = figures(facts, images, captions, np.arange(4), None)
    assert alone.class_recall == 0.5  # the two left ears find each other
    assert alone.side_right == 0.5  # that of a left nose is a left ear: the wrong region, whatever the side
    assert alone.finding_recall == 0.0
    assert alone.caption_class == 1.0
    assert alone.caption_finding == 0.75
    patients = np.array([0, 0, 1, 2])
    others = figures(facts, images, captions, patients, patients)
    assert others.class_recall == 0.0


def test_a_step_can_be_taken_on_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """With tensors that have a device but no numbers, since there may be no such card here; so nothing may ask them."""
    monkeypatch.setattr("training.pretrain.objective.contrast", lambda logits, true: (logits * true).sum())
    with FakeTensorMode():
        none = torch.zeros(4, dtype=torch.int64)
        batch = Batch(torch.zeros(4, 3, 64, 64), torch.zeros(4, 32), none, none, Meaning(*[none] * 5))
        there = batch.to(torch.device("cuda"))
        embeddings = torch.zeros(4, 512, device="cuda")
        said = there.meaning.said_by(there.kinds, there.names)
        with torch.device("cuda"):
            objective = Objective(TINY)
        loss = objective(embeddings, embeddings, said, there.meaning, torch.ones((), device="cuda"))
    assert said.device.type == loss.device.type == "cuda"


def test_a_resumed_run_remembers_all_of_it(model_name: str, pool: Pool, tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, steps=TELL_EVERY + 1)
    cut = Pretrainer(config, start_model(config, model_name, pool), pool)
    fit = cut.fit()
    next(fit)
    cut.save(tmp_path / CHECKPOINT)
    resumed = Pretrainer(config, start_model(config, model_name, pool), pool)
    resumed.resume(tmp_path / CHECKPOINT)
    assert resumed.seconds == cut.seconds > 0
    list(resumed.fit())
    assert sorted(resumed.losses) == [TELL_EVERY, TELL_EVERY + 1]


@pytest.mark.parametrize("finding", ["perforation", "ventilation tube", "nodules"])
def test_images_of_another_renderer_are_not_taken_for_these(
    finding: str, model_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.pretrain.pool.CHUNK", 1000)  # rendered in this process, in which the patch is
    first = make_pool(140, 1_000, 64, tokenizer(model_name), tmp_path)
    draw = Phantom.image

    def otherwise(self: Phantom, size: int) -> Image.Image:
        image = draw(self, size)
        return ImageOps.invert(image) if self.facts.finding == finding else image

    monkeypatch.setattr(Phantom, "image", otherwise)
    other = make_pool(140, 1_000, 64, tokenizer(model_name), tmp_path)
    assert first.drawn != other.drawn
    assert first.digest != other.digest
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_mirrored_image_is_taught_with_mirrored_words_and_meaning(model_name: str, pool: Pool) -> None:
    people, draw = list(phantoms(TINY.images_seed, 2)), Draw(TINY.images_seed, _PHRASES)
    said = [texts(one, draw) for one in people]
    config = dataclasses.replace(TINY, batch=64)
    pretrainer = Pretrainer(config, start_model(config, model_name, pool), pool)
    batch = pretrainer._batch(0)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003)
    rows = torch.randint(len(pool), (64,), generator=generator).tolist()
    mirrored = (torch.rand(64, generator=generator) < 0.5).tolist()
    assert len(set(mirrored)) == 2
    for number, (row, flipped, kind) in enumerate(zip(rows, mirrored, batch.kinds.tolist(), strict=True)):
        words = said[row][kind]
        [tokens] = tokenizer(model_name)([mirrored_words(words) if flipped else words])
        assert torch.equal(pool.vocabulary[batch.tokens[number]], tokens.long())
        facts = people[row].facts.mirrored() if flipped else people[row].facts
        assert LABELS[int(batch.meaning.label[number])] == facts.label
