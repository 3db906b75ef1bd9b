"""What disease does to an ear: each finding is a change of the drum's state, and something painted over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from training.phantoms.draw import Field
from training.phantoms.ear import Drum, DrumState, paint_canal, paint_drum, paint_malleus, paint_overhang, paint_reflex
from training.phantoms.scene import Scene, bell, inside
from training.phantoms.tissue import clots, film, vessels

TUBE_PLASTIC = ((0.85, 0.86, 0.88), (0.25, 0.45, 0.70), (0.30, 0.55, 0.45), (0.75, 0.70, 0.55), (0.60, 0.62, 0.64))


def paint_ear(scene: Scene, finding: str, severity: float) -> None:
    """A left ear with that finding, severity from 0 to 1."""
    drum = Drum.sample(scene.draw)
    state = _state(finding, severity)
    skin = paint_canal(scene, drum)
    mask = paint_drum(scene, drum, state)
    if finding in _BENEATH:
        _BENEATH[finding](scene, drum, mask, severity)
    paint_malleus(scene, drum, state, mask)
    paint_reflex(scene, drum, state, mask)
    if scene.draw.chance(0.35):
        paint_overhang(scene, drum, skin)
    if finding in _ABOVE:
        _ABOVE[finding](scene, drum, mask, severity)


def _state(finding: str, severity: float) -> DrumState:
    if finding == "effusion":
        return DrumState(bulge=-0.1, landmarks=0.8, reflex=0.25 * (1 - severity), handle_up=0.3, opaque=0.8)
    if finding == "acute otitis":
        return DrumState(bulge=0.4 + 0.9 * severity, landmarks=0.8 - 0.5 * severity, reflex=0.1, opaque=1.0)
    if finding == "retraction":
        return DrumState(bulge=-0.5 - 0.9 * severity, reflex=0.2, handle_up=0.5 + 0.5 * severity)
    if finding in ("perforation", "ventilation tube"):
        return DrumState(reflex=0.4)
    return DrumState()


def _effusion(scene: Scene, drum: Drum, mask: Field, severity: float) -> None:
    """Amber fluid behind the drum: a level with bubbles, or all of it."""
    draw = scene.draw
    level = 0.35 - 1.1 * severity + draw.near(0, 0.08)
    _, y = drum.at(0, level)
    below = inside(y - scene.y + draw.near(0, 0.15) * (scene.x - drum.x), draw.between(0.05, 0.16)) * mask
    amber = draw.colour(draw.pick(((0.74, 0.48, 0.13), (0.80, 0.57, 0.20), (0.62, 0.39, 0.13))), 0.02)
    scene.tint(below * np.float32(draw.between(0.85, 1.0)), amber)
    line = bell(scene.y - y - draw.near(0, 0.15) * (scene.x - drum.x), 0.025) * mask
    scene.tint(line * np.float32(0.7), draw.colour((0.90, 0.82, 0.60)))
    for _ in range(2 + draw.below(5)):
        u, v = draw.between(-0.6, 0.6), draw.between(min(level, 0.4), 0.65)
        x, y = drum.at(u, v)
        away = np.hypot(scene.x - np.float32(x), scene.y - np.float32(y)) / np.float32(
            drum.b * draw.between(0.06, 0.15)
        )
        scene.tint(bell(away - 1, 0.35) * mask * np.float32(draw.between(0.5, 0.9)), draw.colour((0.94, 0.86, 0.62)))


def _acute_otitis(scene: Scene, drum: Drum, mask: Field, severity: float) -> None:
    """Red, thick, with injected vessels; when severe pus shines through yellow and the canal is red too."""
    draw = scene.draw
    red = draw.colour((0.80, 0.24, 0.22), 0.03)
    scene.tint(mask * np.float32(0.5 + 0.4 * severity), red)
    near = bell(np.clip(drum.distance(scene) - 1, 0, 9), 0.5) * np.float32(0.25 + 0.4 * severity)
    scene.tint(near * (1 - mask), draw.colour((0.82, 0.38, 0.36)))
    vessels(scene, scene.draw.between(0.2, 0.7), mask, (0.62, 0.14, 0.14))
    if severity > 0.4:
        core = bell(drum.distance(scene), 0.55) * mask * np.clip(scene.noise("lumpy") * 0.3 + 0.5, 0, 1)
        scene.tint(core * np.float32(severity), draw.colour((0.88, 0.72, 0.50)))


def _perforation(scene: Scene, drum: Drum, mask: Field, severity: float) -> None:
    """A hole in the tense part, its edge pale or red, and beyond it the pink, wet wall of the middle ear."""
    draw = scene.draw
    size = 0.20 + 0.42 * severity
    x, y = drum.at(draw.near(-0.05, 0.30) * (1 - severity), 0.22 + draw.near(0.10, 0.12) * (1 - severity))
    away = scene.ellipse(x, y, size * drum.a * draw.between(0.85, 1.2), size * drum.b, draw.between(0, 3))
    away = away + scene.noise("lumpy") * np.float32(0.10)
    scene.tint(
        bell(away - 1.08, 0.2) * mask * np.float32(draw.between(0.2, 0.8)),
        draw.colour(draw.pick(((0.90, 0.84, 0.76), (0.76, 0.36, 0.32))), 0.03),
    )
    hole = inside(away - 1, 0.22)
    wall = draw.colour(
        draw.pick(((0.72, 0.48, 0.38), (0.68, 0.36, 0.32), (0.46, 0.34, 0.26), (0.80, 0.66, 0.50))), 0.03
    )
    beyond = drum.depth + draw.between(0.3, 0.9) + scene.noise("lumpy") * np.float32(0.08)
    scene.cover(hole, np.asarray(beyond, np.float32), wall, wet=1.0)


def _tube(scene: Scene, drum: Drum, mask: Field, severity: float) -> None:
    """A ventilation tube: a small collar with a dark bore, below and in front of the umbo."""
    draw = scene.draw
    x, y = drum.at(draw.near(-0.32, 0.14), draw.near(0.38, 0.12))
    size = max(0.09, drum.b * draw.between(0.18, 0.27))
    away = scene.ellipse(x, y, size, size * draw.between(0.7, 1.0), draw.between(0, 3))
    plastic = draw.colour(draw.pick(TUBE_PLASTIC), 0.03)
    scene.darken(bell(away - 1.1, 0.3), 0.3)
    scene.cover(inside(away - 1, 0.16), drum.depth - 0.35 + 0.25 * bell(away, 0.5), plastic, wet=0.9)
    scene.cover(inside(away - draw.between(0.38, 0.52), 0.14), 4.0, draw.colour((0.12, 0.08, 0.07), 0.02), wet=0.0)


def _retraction(scene: Scene, drum: Drum, mask: Field, severity: float) -> None:
    """A pocket behind and above, where the drum drapes over the incus."""
    draw = scene.draw
    x, y = drum.at(draw.near(0.35, 0.08), draw.near(-0.42, 0.08))
    size = 0.30 + 0.28 * severity
    away = scene.ellipse(x, y, size * drum.a, size * drum.b, draw.between(0, 3))
    pocket = inside(away - 1, 0.8) * mask
    scene.depth += pocket * np.float32(0.2 + 0.3 * severity)
    scene.darken(pocket, 0.22 + 0.2 * severity)
    scene.tint(bell(away - 1, 0.2) * mask * np.float32(0.4), draw.colour((0.88, 0.82, 0.72)))


def _wax(scene: Scene, drum: Drum, mask: Field, severity: float) -> None:
    """Yellow to black lumps on the canal wall, creeping over the drum as they grow."""
    draw = scene.draw
    colour = draw.pick(((0.68, 0.51, 0.30), (0.50, 0.35, 0.22), (0.34, 0.23, 0.16), (0.80, 0.69, 0.50)))
    angle = draw.between(0, 2 * np.pi)
    reach = drum.b * (1.15 - 0.75 * severity)
    x, y = drum.x + reach * float(np.cos(angle)), drum.y + reach * float(np.sin(angle))
    inward = min(1.0, 0.62 / float(np.hypot(x, y)))  # within the view
    x, y, size = x * inward, y * inward, 0.28 + 0.40 * severity
    lump = scene.ellipse(x, y, size * draw.between(0.7, 1.3), size, draw.between(0, 3))
    ragged = lump + scene.noise("lumpy") * np.float32(0.28) + scene.noise("fine") * np.float32(0.10)
    plug = inside(ragged - 1, draw.between(0.2, 0.5))
    film(scene, plug, colour, 0.10 + 0.12 * severity)
    scene.depth += plug * scene.noise("fine") * np.float32(0.03)
    scene.wet *= 1 - np.float32(draw.between(0.3, 0.9)) * plug
    scene.tint(plug * np.clip(scene.noise("lumpy"), 0, 1) * np.float32(0.6), draw.colour((0.40, 0.22, 0.08)))
    film(scene, clots(scene, 1.6 - 0.5 * severity, 2.0) * np.float32(draw.between(0.3, 0.8)), colour, 0.08)


_Painter = Callable[[Scene, Drum, Field, float], None]
_BENEATH: Mapping[str, _Painter] = {"effusion": _effusion, "acute otitis": _acute_otitis, "retraction": _retraction}
_ABOVE: Mapping[str, _Painter] = {"perforation": _perforation, "ventilation tube": _tube, "wax": _wax}
