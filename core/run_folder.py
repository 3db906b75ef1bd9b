"""What a training leaves in its folder: settings, the split it saw, its curve, and all it needs to go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from core.checkpoint import WEIGHTS
from core.errors import TrainingError
from core.recipe import Recipe
from core.trainer import Epoch
from core.whole_file import write_whole

SETTINGS, CURVE, SPLIT, STATE, LOCK = "training.json", "curve.json", "split.json", "state.pt", "training.lock"
TWINS, STOP = "near-duplicates.json", "stop"
PATIENCE, LOOK = 2.0, 0.05
"""Seconds to wait for the lock of a training: to train, since others look now and then, and to look who trains."""

UNSAVED = (0, 0)
"""The stamp of a training whose state was never saved."""


@dataclass(frozen=True)
class RunSettings:
    """What a training was begun with: its recipe, the encoder of its embeddings, when, and how many images it saw."""

    run_id: str
    recipe: Recipe
    encoder: str  # fingerprint
    created: str
    images: Mapping[str, int]  # of each split; `mirrored` beside them
    seen: str = ""  # digest of all that it learns from; "" of trainings from before there was one
    notes: tuple[str, ...] = ()  # what about these images limits what can be learnt or told


@dataclass(frozen=True)
class RunSummary:
    """A flow of a library and how it came to be; `settings` None: it was trained elsewhere.

    `ending` is "" while the training goes on (`running`) or waits to be resumed; `best` is the epoch whose weights are
    kept. `damaged` says what of its record cannot be read, "" where all can.
    """

    flow_id: str
    settings: RunSettings | None
    usable: bool
    epochs: int
    ending: str
    best: Epoch | None
    running: bool = False
    damaged: str = ""

    @property
    def is_one(self) -> bool:
        """Whether there is a flow or a training at all, if only a damaged one."""
        return self.usable or bool(self.damaged) or self.settings is not None

    @property
    def why_kept(self) -> str:
        """By what the kept epoch was chosen, where Recall@1 does not tell; as a part of a sentence, "" elsewhere."""
        if self.settings is None or self.best is None or self.epochs < 2:
            return ""
        if self.best.val_recall is None:
            return "the last one with a lower training loss than any before; there are no validation images"
        if self.settings.recipe.keep == "loss":
            return "the last one with a lower loss, of training or validation, than any before"
        if self.settings.recipe.start != "drawn" and self.best.number == 1:
            return "the start, fitted to the training images; no later one was better on validation beyond chance"
        return ""


class RunFolder:
    """Files of one training in `<library>/flows/<id>/`, each written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / LOCK, is_singleton=False, thread_local=False)

    @contextmanager
    def in_use(self, patience: float = PATIENCE) -> Iterator[None]:
        """Keep others from training or deleting this, also within another such block of this very object.

        Raises TrainingError when somebody else does so just now.
        """
        try:
            self._lock.acquire(timeout=patience, poll_interval=LOOK / 4)
        except Timeout:
            raise TrainingError(
                f"training {self.folder.name} is under way in another program; wait for it, or stop it there"
            ) from None
        try:
            yield
        finally:
            self._lock.release()

    @property
    def running(self) -> bool:
        """Whether somebody is training this just now."""
        if self._lock.is_locked:
            return True
        if not (self.folder / LOCK).exists():  # to look must not bring back a folder that is being deleted
            return False
        try:
            with self.in_use(LOOK):
                return False
        except TrainingError:
            return True
        except OSError:  # of a library that can only be read, nothing is being trained
            return False

    def ask_to_stop(self) -> None:
        """Ask whoever trains this, in any process, to end after the epoch in hand and keep the best so far."""
        with suppress(OSError):
            (self.folder / STOP).touch()

    def stop_was_asked(self) -> bool:
        """Whether somebody asked so since the last time this was called; the wish is granted once."""
        asked = (self.folder / STOP).exists()
        if asked:
            (self.folder / STOP).unlink(missing_ok=True)
        return asked

    def begin(
        self, settings: RunSettings, split: Mapping[str, Sequence[str]], pairs: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Write what will not change: `pairs` are the ids of near-duplicates.

        Raises TrainingError when the folder cannot be written.
        """
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=False)
            self._write_json(SPLIT, {name: list(ids) for name, ids in split.items()})
            self._write_json(TWINS, {"pairs": [list(pair) for pair in pairs]})
            self._write_json(SETTINGS, asdict(settings))

    @property
    def settled(self) -> bool:
        """Whether a flow was kept of the last state that was saved."""
        try:
            return (self.folder / WEIGHTS).stat().st_mtime_ns >= (self.folder / STATE).stat().st_mtime_ns
        except OSError:
            return False

    def sweep(self) -> None:
        """Remove what a writing left that was killed; for whoever has this in use."""
        for path in self.folder.glob(".*.part"):
            path.unlink(missing_ok=True)

    def settings(self) -> RunSettings:
        """What the training was begun with. Raises TrainingError when the folder is no training's."""
        data = self._read_json(SETTINGS)
        try:
            own = {"recipe": Recipe.from_dict(data["recipe"]), "notes": tuple(map(str, data.get("notes", ())))}
            return RunSettings(**{**data, **own})
        except (KeyError, TypeError) as error:
            raise TrainingError(f"{self.folder / SETTINGS} is damaged ({error}); start a new training") from error

    def prolong(self, settings: RunSettings) -> None:
        """Keep other settings for the same training. Raises TrainingError when the folder cannot be written."""
        with self._writing():
            self._write_json(SETTINGS, asdict(settings))

    def split(self) -> dict[str, list[str]]:
        """The ids of the cases that the training saw, by split."""
        return {str(name): list(ids) for name, ids in self._read_json(SPLIT).items()}

    def near_duplicates(self) -> list[tuple[str, str]]:
        """The ids of near-duplicates that the training knew of; none of trainings from before they were kept."""
        if not (self.folder / TWINS).is_file():
            return []
        return [(str(one), str(other)) for one, other in self._read_json(TWINS).get("pairs", [])]

    def save(self, state: Mapping[str, Any], curve: Sequence[Epoch], ending: str = "") -> None:
        """Write how far the training is; `ending` says why it is over, and is empty while it is not."""
        file = BytesIO()
        torch.save(dict(state), file)
        with self._writing():
            write_whole(self.folder / STATE, file.getvalue())
        self.save_curve(curve, ending)  # last: what is over but has no state came from elsewhere

    def save_curve(self, curve: Sequence[Epoch], ending: str = "") -> None:
        """Write what every epoch came to, for those who watch. Raises TrainingError."""
        with self._writing():
            self._write_json(CURVE, {"ending": ending, "epochs": [asdict(epoch) for epoch in curve]})

    def state(self) -> dict[str, Any] | None:
        """How far the training is, for `Trainer.load_state`; None before the first epoch. Raises TrainingError."""
        path = self.folder / STATE
        if not path.is_file():
            return None
        try:
            return dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:  # a broken file can raise nearly anything; nothing in it is executed
            raise TrainingError(f"{path} is damaged; start a new training") from error

    def summary(self) -> RunSummary:
        """How the flow in this folder came to be."""
        usable = (self.folder / WEIGHTS).is_file()
        if not (self.folder / SETTINGS).is_file():
            return RunSummary(self.folder.name, None, usable, 0, "", None)
        try:
            (curve, ending), settings = self.curve(), self.settings()
        except TrainingError as error:  # one damaged record must not hide the others
            return RunSummary(self.folder.name, None, usable, 0, "", None, self.running, str(error))
        best = next((epoch for epoch in reversed(curve) if epoch.best), None)
        return RunSummary(self.folder.name, settings, usable, len(curve), ending, best, self.running)

    def curve(self) -> tuple[tuple[Epoch, ...], str]:
        """What every epoch came to, and why the training ended ("" where it has not). Raises TrainingError."""
        if not (self.folder / CURVE).is_file():
            return (), ""
        data = self._read_json(CURVE)
        try:
            return tuple(Epoch(**epoch) for epoch in data["epochs"]), str(data["ending"])
        except (KeyError, TypeError) as error:
            raise TrainingError(f"{self.folder / CURVE} is damaged ({error}); start a new training") from error

    def stamp(self) -> tuple[int, int]:
        """Another one whenever the state of the training has changed, by whomever."""
        try:
            found = (self.folder / STATE).stat()
        except OSError:
            return UNSAVED
        return (found.st_ino, found.st_mtime_ns)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turns what the disk says into a TrainingError."""
        try:
            yield
        except OSError as error:
            raise TrainingError(f"cannot write to {self.folder}: {error}; check the folder and the disk") from error

    def _write_json(self, name: str, data: Mapping[str, Any]) -> None:
        write_whole(self.folder / name, json.dumps(data, indent=1).encode())

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(f"{path} cannot be read ({error}); start a new training") from error
