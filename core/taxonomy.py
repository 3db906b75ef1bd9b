"""The classes of a library: their regions, sides, mirror images and which of them exclude each other."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from core.errors import TaxonomyError

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SIDES = ("left", "right")


@dataclass(frozen=True)
class AnatomyClass:
    """One class: `name` is the dataset label, `title` what people read.

    `mirror` is the class that a mirrored image of this one belongs to (itself where there is no side),
    or None where mirroring is meaningless. `incompatible` are the classes it must be told apart from.
    """

    name: str
    title: str
    region: str
    side: str | None = None
    mirror: str | None = None
    incompatible: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """An ordered set of classes; the order fixes the colours and the order of every chart."""

    name: str
    classes: tuple[AnatomyClass, ...]

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def by_name(self) -> Mapping[str, AnatomyClass]:
        return {c.name: c for c in self.classes}

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.region for c in self.classes))

    @property
    def sides(self) -> tuple[str, ...]:
        return tuple(s for s in SIDES if any(c.side == s for c in self.classes))

    def __getitem__(self, label: str) -> AnatomyClass:
        """The class of that name. Raises TaxonomyError when there is none."""
        try:
            return self.by_name[label]
        except KeyError:
            raise TaxonomyError(f"unknown label {label!r}; this library knows {', '.join(self.labels)}") from None

    def parse(self, text: str) -> str:
        """The label a person meant: `Ear Left`, `ear_left` and `ear-left` are the same class, and so is its title.

        Raises TaxonomyError when no class fits.
        """
        meant = _slug(text)
        if meant not in self.by_name:
            meant = next((c.name for c in self.classes if _slug(c.title) == meant), text.strip())
        return self[meant].name

    def labels_where(self, *, region: str | None = None, side: str | None = None) -> tuple[str, ...]:
        """The labels of one region, one side, or both; all of them when neither is given."""
        return tuple(c.name for c in self.classes if region in (None, c.region) and side in (None, c.side))

    def to_dict(self) -> dict[str, object]:
        return {"name": self.name, "classes": [asdict(c) for c in self.classes]}

    @classmethod
    def from_dict(cls, data: object) -> Taxonomy:
        """The taxonomy a JSON object describes. Raises TaxonomyError naming the first thing that is wrong."""
        if not isinstance(data, Mapping) or not isinstance(data.get("classes"), list):
            raise TaxonomyError('a taxonomy is an object {"name": ..., "classes": [{"name", "title", "region"}, ...]}')
        return cls(str(data.get("name", "custom")), tuple(_parse_class(entry) for entry in data["classes"]))

    @classmethod
    def from_file(cls, path: Path) -> Taxonomy:
        """The taxonomy in a JSON file. Raises TaxonomyError when it cannot be read or is not well formed."""
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise TaxonomyError(f"cannot read the taxonomy {path}: {error}; give a JSON file") from error


def _slug(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().lower())


def _parse_class(entry: object) -> AnatomyClass:
    if not isinstance(entry, Mapping) or not entry.get("name"):
        raise TaxonomyError(f"every class needs a name, got {entry!r}")
    known = set(AnatomyClass.__dataclass_fields__)
    unknown = sorted(set(entry) - known)
    if unknown:
        raise TaxonomyError(
            f"class {entry['name']!r} has unknown fields {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
    incompatible = entry.get("incompatible") or ()
    if isinstance(incompatible, str):
        raise TaxonomyError(
            f"incompatible of class {entry['name']!r} must be a list of class names, got {incompatible!r}"
        )
    name = str(entry["name"])
    return AnatomyClass(
        name=name,
        title=str(entry.get("title") or name.replace("-", " ").capitalize()),
        region=str(entry.get("region") or name),
        side=entry.get("side"),
        mirror=entry.get("mirror"),
        incompatible=tuple(str(other) for other in incompatible),
    )


def _check(taxonomy: Taxonomy) -> None:
    names = [c.name for c in taxonomy.classes]
    if not names:
        raise TaxonomyError("a taxonomy needs at least one class")
    if len(set(names)) < len(names):
        raise TaxonomyError(f"class names must be unique, got {', '.join(names)}")
    for c in taxonomy.classes:
        if not NAME.fullmatch(c.name):
            raise TaxonomyError(f"class name {c.name!r} must be lower-case words joined by hyphens, like ear-left")
        if c.side not in (None, *SIDES):
            raise TaxonomyError(f"side of class {c.name!r} must be left, right or absent, got {c.side!r}")
        strangers = [other for other in (c.mirror, *c.incompatible) if other is not None and other not in names]
        if strangers:
            raise TaxonomyError(f"class {c.name!r} refers to unknown classes {', '.join(strangers)}")
        if c.mirror is not None and taxonomy.by_name[c.mirror].mirror != c.name:
            raise TaxonomyError(f"mirror of {c.name!r} is {c.mirror!r}, but the mirror of that is not {c.name!r}")


ENT = Taxonomy(
    "ENT",
    (
        AnatomyClass("ear-left", "Left ear", "ear", "left", "ear-right", ("ear-right",)),
        AnatomyClass("ear-right", "Right ear", "ear", "right", "ear-left", ("ear-left",)),
        AnatomyClass("nose-left", "Left nose", "nose", "left", "nose-right", ("nose-right",)),
        AnatomyClass("nose-right", "Right nose", "nose", "right", "nose-left", ("nose-left",)),
        AnatomyClass("throat", "Throat", "throat", None, "throat", ("vc-open", "vc-closed")),
        AnatomyClass("vc-open", "Vocal cords open", "larynx", None, "vc-open", ("vc-closed", "throat")),
        AnatomyClass("vc-closed", "Vocal cords closed", "larynx", None, "vc-closed", ("vc-open",)),
    ),
)
