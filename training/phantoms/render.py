"""From the facts of an image to its pixels: paint the anatomy, light it, photograph it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.phantoms.camera import Camera, photograph, view_side
from training.phantoms.draw import Draw, Picture
from training.phantoms.ear_findings import paint_ear
from training.phantoms.findings import Facts
from training.phantoms.larynx_findings import paint_larynx
from training.phantoms.light import defocus, shade
from training.phantoms.nose import paint_nose
from training.phantoms.scene import Pose, Scene
from training.phantoms.style import Style, sample_style
from training.phantoms.throat import paint_throat
from training.phantoms.tissue import incidents

SHIFT = {"ear": 0.07, "nose": 0.07, "throat": 0.09, "larynx": 0.14}
TURN = {"ear": 0.10, "nose": 0.10, "throat": 0.10, "larynx": 0.18}
"""How much the pose varies (standard deviation, radii and radians): a larynx is looked at from afar, at an angle."""
BRIGHT = {"ear": (0.98, 1.16), "nose": (0.92, 1.14), "throat": (0.7, 1.02), "larynx": (0.48, 0.9)}
"""What the exposure control makes of narrow and wide spaces: from, to."""


@dataclass(frozen=True)
class Shot:
    """One press of the button: pose, camera and make of scope; `seed` and `key` give the rest of its chance."""

    pose: Pose
    camera: Camera
    style: Style
    seed: int
    key: tuple[int, ...]

    @classmethod
    def sample(cls, region: str, seed: int, key: tuple[int, ...], style: Style | None = None) -> Shot:
        """How one image of that region is taken."""
        draw = Draw(seed, *key)
        pose = Pose.sample(draw, SHIFT[region], TURN[region], 0.14)
        camera = Camera.sample(draw, draw.between(*BRIGHT[region]))
        return cls(pose, camera, style or sample_style(draw), seed, key)

    def next_frame(self, draw: Draw) -> Shot:
        """A following video frame: nearly the same pose, the same scope and secretions."""
        return Shot(self.pose.next_frame(draw), self.camera.next_frame(draw), self.style, self.seed, self.key)


def render_light(facts: Facts, anatomy: Draw, shot: Shot, side: int) -> Picture:
    """The light that reaches the lens, (3, side, side): of a left side, or mirrored, of a right one.

    `anatomy` must be fresh: the same seed paints the same patient again.
    """
    scene = Scene(side, shot.pose, anatomy)
    if facts.region == "ear":
        paint_ear(scene, facts.finding, facts.severity)
    elif facts.region == "nose":
        paint_nose(scene, facts.finding, facts.severity, facts.seen_from)
    elif facts.region == "throat":
        paint_throat(scene, facts.finding, facts.severity, facts.seen_from)
    else:
        paint_larynx(scene, facts.finding, facts.severity, facts.label == "vc-open")
    chance = Draw(shot.seed, *shot.key, 1)
    incidents(scene, chance)
    light = defocus(shade(scene, shot.style, chance), scene, chance)
    return np.ascontiguousarray(light[:, :, ::-1]) if facts.mirrored_view else light


def render(facts: Facts, anatomy: Draw, shot: Shot, size: int, sensor: Draw) -> Image.Image:
    """The frame, RGB, `size` pixels high and 4/3 as wide."""
    light = render_light(facts, anatomy, shot, view_side(size))
    return photograph(light, shot.camera, shot.style, size, sensor)
