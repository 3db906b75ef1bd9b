"""The colours of the classes, measured as eyes of every kind see them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from core.taxonomy import ENT
from pages.ui import palette

Vector = npt.NDArray[np.float64]
SEEN = {
    "all cones": np.eye(3),
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""Linear RGB as dichromats see it: Machado, Oliveira and Fernandes (2009), severity 1."""
LEAST = {"all cones": 19, "no red cones": 12, "no green cones": 11, "no blue cones": 11}
"""CIEDE2000; 2 is just told apart side by side, 10 at a glance."""
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def lab(colour: str, seen: str) -> Vector:
    """CIELAB (3,) of `#rrggbb`, D65."""
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    x, y, z = XYZ @ np.clip(np.asarray(SEEN[seen]) @ linear, 0, 1) / WHITE
    f = [t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: Vector, other: Vector) -> float:
    """CIEDE2000 of two colours in CIELAB: Sharma, Wu and Dalal (2005)."""
    mean = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    stretch = 1.5 - 0.5 * (mean**7 / (mean**7 + 25.0**7)) ** 0.5
    chroma = [np.hypot(stretch * c[1], c[2]) for c in (one, other)]
    hue = [np.degrees(np.arctan2(c[2], stretch * c[1])) % 360 for c in (one, other)]
    turn = (hue[1] - hue[0] + 180) % 360 - 180
    light, full, way = (one[0] + other[0]) / 2, sum(chroma) / 2, (hue[0] + turn / 2) % 360
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    t = 1 + sum(size * np.cos(np.radians(times * way + phase)) for size, times, phase in waves)
    d_light = (other[0] - one[0]) / (1 + 0.015 * (light - 50) ** 2 / (20 + (light - 50) ** 2) ** 0.5)
    d_chroma = (chroma[1] - chroma[0]) / (1 + 0.045 * full)
    d_hue = 2 * (chroma[0] * chroma[1]) ** 0.5 * np.sin(np.radians(turn / 2)) / (1 + 0.015 * full * t)
    bend = np.sin(np.radians(60 * np.exp(-(((way - 275) / 25) ** 2))))
    bend *= -2 * (full**7 / (full**7 + 25.0**7)) ** 0.5
    return float((d_light**2 + d_chroma**2 + d_hue**2 + bend * d_chroma * d_hue) ** 0.5)


def test_the_distance_is_that_of_the_paper() -> None:
    pairs = [((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, 2.5, 0), (73, 25, -18), 27.1492)]
    for one, other, known in pairs:
        assert apart(np.array(one, float), np.array(other, float)) == pytest.approx(known, abs=1e-4)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_two_classes_and_no_class_and_grey_look_alike(theme: str, seen: str) -> None:
    colours = [*(palette.colour_of(ENT, label) for label in ENT.labels), palette.NONE]
    seen_as = [lab(getattr(colour, theme), seen) for colour in colours]
    assert min(apart(*pair) for pair in combinations(seen_as, 2)) > LEAST[seen]
