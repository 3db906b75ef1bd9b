"""The images and captions that a run sees: rendered once, kept in a file, drawn from in every step."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from core.field_of_view import crop_field_of_view
from core.taxonomy import ENT
from training.phantoms.dataset import phantoms
from training.phantoms.draw import Draw
from training.phantoms.patient import Phantom
from training.pretrain.meaning import Meaning, parts_of
from training.pretrain.phrases import finding_phrase, mirrored_words, structure_phrase

Progress = Callable[[int, int], None]
"""Called with (images rendered, images in all)."""
Tokenizer = Callable[[list[str]], Tensor]
Pixels = npt.NDArray[np.uint8]  # (N, side, side, 3)

FRAME = 1.12
"""Height of a rendered frame over the side of what is left after the crop to the field of view."""
CHUNK = 64
PROOFS = 2
"""Images of each class, finding and view that are drawn to see whether the kept ones are still what is drawn."""
START = "fork" if sys.platform == "linux" else "spawn"
"""How workers begin: a fork needs nothing of the program that asks, but is not safe on every system."""
_PHRASES = 2
"""Stream of chance for the short phrases, under the seed of the images."""


@dataclass(frozen=True)
class Pool:
    """N images (N, side, side, 3), their meaning, and texts (N, 3 kinds, 2: plain and mirrored, L) as tokens.

    The tokens are places in `vocabulary` (V,), the tokenizer's ids of all that occur, in rising order: what is not
    seen need not be trained, and the end of a text keeps the highest number, by which open_clip finds it. `names`
    (N, 3): the parts that each text names, as bits (see meaning). `drawn` tells pools apart whose images were drawn
    differently: it is a hash of some of them, of all facts and captions. `digest` is one of the tokens and names too.
    """

    pixels: Pixels
    meaning: Meaning
    tokens: Tensor
    names: Tensor
    vocabulary: Tensor
    drawn: str

    @cached_property
    def digest(self) -> str:
        """Of the images, the facts, and every token and name."""
        told = hashlib.sha256(self.drawn.encode())
        for part in (self.vocabulary, self.tokens, self.names):
            told.update(part.numpy().tobytes())
        return told.hexdigest()[:12]

    def __len__(self) -> int:
        return len(self.pixels)


def make_pool(
    count: int, seed: int, side: int, tokenizer: Tokenizer, cache: Path | None, on_progress: Progress | None = None
) -> Pool:
    """About `count` phantoms, the same number of each class; from the folder `cache` where they were kept there."""
    people = list(phantoms(seed, max(1, round(count / len(ENT.labels)))))
    drawn = _drawn(people, side)
    if cache is None:
        pixels: Pixels = np.empty((len(people), side, side, 3), np.uint8)
        _render_all(people, pixels, on_progress)
    else:
        pixels = _kept(people, side, cache / f"phantoms-{seed}-{len(people)}-{side}-{drawn}.npy", on_progress)
    tokens, names = _told(people, seed, tokenizer)
    vocabulary, tokens = torch.unique(tokens, return_inverse=True)
    meaning = Meaning.of([one.facts for one in people])
    return Pool(pixels, meaning, tokens.to(torch.int32), names, vocabulary, drawn)


def texts(phantom: Phantom, draw: Draw) -> tuple[str, str, str]:
    """A sentence, the structure and the finding of an image, in words; the order is that of `meaning`."""
    return phantom.caption(), structure_phrase(phantom.facts, draw), finding_phrase(phantom.facts, draw)


def _drawn(people: Sequence[Phantom], side: int) -> str:
    """A short hash that changes when the renderer does: of some images of all that it can draw, and of all facts."""
    told = hashlib.sha256(repr([(one.facts, one.caption()) for one in people]).encode())
    some: dict[tuple[str, ...], list[Phantom]] = {}
    for one in people:
        alike = some.setdefault((one.facts.label, one.facts.finding, one.facts.seen_from), [])
        if len(alike) < PROOFS:
            alike.append(one)
    told.update(_render([one for alike in some.values() for one in alike], side).tobytes())
    return told.hexdigest()[:12]


def _told(people: Sequence[Phantom], seed: int, tokenizer: Tokenizer) -> tuple[Tensor, Tensor]:
    """The tokenizer's ids (N, 3, 2, L) of what is said of every image, and the parts that it names (N, 3)."""
    draw = Draw(seed, _PHRASES)
    plain = [text for one in people for text in texts(one, draw)]
    said = [version for text in plain for version in (text, mirrored_words(text))]
    unique = {text: row for row, text in enumerate(dict.fromkeys(said))}
    rows = torch.tensor([unique[text] for text in said])
    names = torch.tensor([parts_of(text) for text in plain])
    return tokenizer(list(unique))[rows].view(len(people), 3, 2, -1), names.view(len(people), 3)


def _kept(people: Sequence[Phantom], side: int, file: Path, on_progress: Progress | None) -> Pixels:
    """The images (N, side, side, 3) in that file, rendered into it first where it is not there; whole or not at all."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part.npy")
        try:
            pixels = np.lib.format.open_memmap(part, "w+", np.uint8, (len(people), side, side, 3))
            _render_all(people, pixels, on_progress)
            pixels.flush()
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    kept: Pixels = np.load(file, mmap_mode="r")
    return kept


def _render_all(people: Sequence[Phantom], out: Pixels, on_progress: Progress | None) -> None:
    chunks = [people[start : start + CHUNK] for start in range(0, len(people), CHUNK)]
    render = partial(_render, side=out.shape[1])
    with multiprocessing.get_context(START).Pool() if len(chunks) > 1 else nullcontext() as workers:
        done = 0
        for pixels in workers.imap(render, chunks) if workers else map(render, chunks):
            out[done : done + len(pixels)] = pixels
            done += len(pixels)
            if on_progress is not None:
                on_progress(done, len(people))


def _render(people: Sequence[Phantom], side: int) -> Pixels:
    frames = (crop_field_of_view(one.image(round(side * FRAME))) for one in people)
    return np.stack([np.asarray(frame.resize((side, side), Image.Resampling.BICUBIC)) for frame in frames])
