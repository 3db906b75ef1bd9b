"""Where the endoscope looks: the square round its bright disc on black."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

Points: TypeAlias = npt.NDArray[np.float64]  # (N, 2): x, y
Mask: TypeAlias = npt.NDArray[np.bool_]  # (height, width)

WORKING_SIDE = 200
"""Longest side of the copy that is looked at, in pixels; lengths below are in pixels of that copy."""
BLACK = 32
"""The margin's level, of 255, is this at most; a frame whose darkest parts are brighter has no black margin."""
CONTRAST = 0.06
"""How far from the margin's level to the bright parts a pixel must be to count as lit; 14 levels at least."""
TRIES = 300
"""Circles tried, each through three edge points. Half of the points may be wrong and a dozen tries still be right."""
VOTES = 250
"""Edge points that are asked, at most, which of these circles they lie on."""
NEAR = 1.5
"""A point this near to a circle lies on it."""
ARC = 0.4
"""The part of the circle's visible rim that must be seen as an edge; the rest may be dark anatomy."""
ARC_DEGREES = 75
STRAY = 0.2
"""The part of all lit pixels that may lie outside the disc: burnt-in text, flare."""
WORTHWHILE = 0.02
"""The part of the frame that must be black margin for a crop to be worth making."""


@dataclass(frozen=True)
class Box:
    """A part of an image in pixels, `right` and `bottom` exclusive; what lies outside the image is black."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class _Circle:
    x: float
    y: float
    radius: float


def field_of_view(rgb: Image.Image) -> Box:
    """The square round the bright disc; the full frame where there is none.

    A disc is looked for first: a circle that most edges of what is lit lie on, and little is lit outside of.
    Failing that, any lit shape on black, such as an octagon, has its bounding box widened to a square.
    """
    scale = max(1, round(max(rgb.size) / WORKING_SIDE))
    lit = _lit(rgb.reduce(scale) if scale > 1 else rgb)
    disc = _disc(lit)
    left, top, side = _square_of_disc(disc, lit) if disc is not None else _square_of_shape(lit)
    if not side:
        return Box(0, 0, rgb.width, rgb.height)
    x, y, size = round(left * scale), round(top * scale), round(side * scale)
    return Box(x, y, x + size, y + size)


def crop_field_of_view(rgb: Image.Image) -> Image.Image:
    """What the endoscope sees, without the black margin; parts of the box outside the image are black."""
    box = field_of_view(rgb)
    if box == Box(0, 0, rgb.width, rgb.height):
        return rgb
    size = (box.right - box.left, box.bottom - box.top)
    edges = (box.left, box.top, box.right, box.bottom)
    # crop() would do, but warns where the box is large, by a limit that is global to the process
    return rgb.transform(size, Image.Transform.EXTENT, edges, Image.Resampling.NEAREST)


def _lit(small: Image.Image) -> Mask:
    """Which pixels are brighter than a black margin would be; all of them where nothing is black."""
    red, green, blue = small.split()
    level = np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))
    black, bright = np.percentile(level, (2, 95))
    if black > BLACK:
        return np.ones(level.shape, dtype=bool)
    return _opened(level > black + max(14.0, CONTRAST * (bright - black)))


def _opened(mask: Mask) -> Mask:
    """The mask without what is thinner than three pixels, such as burnt-in text, and noise."""
    eroded = np.pad(mask, 1, mode="edge")
    for _ in range(2):  # rows, then columns
        eroded = (eroded[:-2] & eroded[1:-1] & eroded[2:]).T
    grown = np.pad(eroded, 1)
    for _ in range(2):
        grown = (grown[:-2] | grown[1:-1] | grown[2:]).T
    return grown


def _disc(lit: Mask) -> _Circle | None:
    """The circle that the endoscope's view fills, cut off by the frame or not."""
    points = _edges(lit)
    circle = _best_circle(points, lit.shape)
    if circle is None:
        return None
    height, width = lit.shape
    y, x = np.ogrid[:height, :width]
    outside = (x + 0.5 - circle.x) ** 2 + (y + 0.5 - circle.y) ** 2 > (circle.radius + NEAR) ** 2
    if outside.mean() < WORTHWHILE or (lit & outside).sum() > STRAY * lit.sum():
        return None
    return circle if _rim_is_seen(circle, points, lit.shape) else None


def _edges(lit: Mask) -> Points:
    """Where each row and column of the picture goes from black to lit for the first time, seen from either side."""
    height, width = lit.shape
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    left, right = lit[rows].argmax(axis=1), width - lit[rows, ::-1].argmax(axis=1)
    top, bottom = lit[:, columns].argmax(axis=0), height - lit[::-1, columns].argmax(axis=0)
    x = np.concatenate([left, right, columns + 0.5, columns + 0.5])
    y = np.concatenate([rows + 0.5, rows + 0.5, top, bottom])
    inside = (x > 0) & (x < width) & (y > 0) & (y < height)
    points: Points = np.stack([x, y], axis=1)[inside]
    return points


def _best_circle(points: Points, shape: tuple[int, ...]) -> _Circle | None:
    """The circle most points lie on, by trying triples of points (the same ones every time), then least squares."""
    if len(points) < 20:
        return None
    triples = points[np.random.default_rng(0).integers(0, len(points), (TRIES, 3))]  # (TRIES, 3, 2)
    origin, b, c = triples[:, 0], triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0]
    cross = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    b_2, c_2 = (b**2).sum(axis=1), (c**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (c[:, 1] * b_2 - b[:, 1] * c_2) / cross
        y = (b[:, 0] * c_2 - c[:, 0] * b_2) / cross
    radius = np.hypot(x, y)
    fit = (radius > 0.15 * min(shape)) & (radius < 0.75 * max(shape))
    if not fit.any():
        return None
    x, y, radius = (origin[:, 0] + x)[fit], (origin[:, 1] + y)[fit], radius[fit]
    some = points[:: 1 + len(points) // VOTES]
    square = (some[:, 0] - x[:, None]) ** 2 + (some[:, 1] - y[:, None]) ** 2  # (tries, votes)
    votes = (square > (radius - NEAR)[:, None] ** 2) & (square < (radius + NEAR)[:, None] ** 2)
    best = votes.sum(axis=1).argmax()
    circle = _Circle(x[best], y[best], radius[best])
    for _ in range(2):
        circle = _least_squares(points[_on(circle, points)])
    return circle


def _on(circle: _Circle, points: Points) -> Mask:
    near: Mask = np.abs(np.hypot(points[:, 0] - circle.x, points[:, 1] - circle.y) - circle.radius) < NEAR
    return near


def _least_squares(points: Points) -> _Circle:
    """Kåsa's fit: x^2 + y^2 = 2 a x + 2 b y + c."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    (x, y, c), *_ = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)
    return _Circle(float(x), float(y), float(np.sqrt(max(c + x * x + y * y, 0.0))))


def _rim_is_seen(circle: _Circle, points: Points, shape: tuple[int, ...]) -> bool:
    """Whether edge points lie on enough of that part of the circle which is within the frame."""
    bins = 72
    angles = np.deg2rad(np.arange(bins) * 360 / bins + 2.5)
    x, y = circle.x + circle.radius * np.cos(angles), circle.y + circle.radius * np.sin(angles)
    visible = (x > 1) & (y > 1) & (x < shape[1] - 1) & (y < shape[0] - 1)
    on = points[_on(circle, points)]
    turn = np.rad2deg(np.arctan2(on[:, 1] - circle.y, on[:, 0] - circle.x)) % 360
    seen = np.zeros(bins, dtype=bool)
    seen[(turn * bins / 360).astype(int) % bins] = True
    count = int((seen & visible).sum())
    return bool(count >= ARC * visible.sum() and count * 360 / bins >= ARC_DEGREES)


def _square_of_disc(circle: _Circle, lit: Mask) -> tuple[float, float, float]:
    """Left, top and side of the square round a disc; no larger than the part of the disc within the frame needs."""
    height, width = lit.shape
    left, right = max(0.0, circle.x - circle.radius), min(float(width), circle.x + circle.radius)
    top, bottom = max(0.0, circle.y - circle.radius), min(float(height), circle.y + circle.radius)
    side = max(right - left, bottom - top)
    if 2 * circle.radius <= side + 2:
        return circle.x - circle.radius, circle.y - circle.radius, 2 * circle.radius
    return (left + right - side) / 2, (top + bottom - side) / 2, side


def _square_of_shape(lit: Mask) -> tuple[float, float, float]:
    """Left, top and side of the square round whatever is lit; a side of 0 where that is as good as everything."""
    height, width = lit.shape
    columns = np.flatnonzero(lit.mean(axis=0) > 0.06)
    rows = np.flatnonzero(lit.mean(axis=1) > 0.06)
    if not len(columns) or not len(rows):
        return 0.0, 0.0, 0.0
    left, right, top, bottom = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    if (right - left) * (bottom - top) > (1 - WORTHWHILE) * width * height:
        return 0.0, 0.0, 0.0
    side = max(right - left, bottom - top)
    return (left + right - side) / 2, (top + bottom - side) / 2, float(side)
