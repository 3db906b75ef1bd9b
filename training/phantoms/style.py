"""Makes of endoscope: how each lights and renders. Images are drawn from all of them, so that none is learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.phantoms.draw import Draw


@dataclass(frozen=True)
class Style:
    """`falloff`: exponent of light over distance; `occlusion`: darkness of crevices; `relief`: steepness of shading;
    `scatter`: part of the light that reaches a surface from all around, whichever way it faces (0 to 1);
    `gloss`: strength of highlights; `exposure`: brightness the camera's own control aims at (0 to 1);
    `contrast`, `saturation`: 1 is neutral; `warmth`: red over blue; `pink`: magenta over green;
    `focus`: blur in hundredths of the radius; `haze`: part of the picture's mean light that veils all of it;
    `noise`: sensor noise, standard deviation of 1.
    """

    falloff: float
    occlusion: float
    relief: float
    scatter: float
    gloss: float
    exposure: float
    contrast: float
    saturation: float
    warmth: float
    pink: float
    focus: float
    haze: float
    noise: float


STYLES = {
    #                         fall occl relf scat glos expo contr satu warmth pink focus haze noise
    "rigid, bright": Style(1.3, 0.60, 1.0, 0.35, 1.0, 0.95, 1.0, 1.02, 0.00, 0.015, 0.5, 0.06, 0.005),
    "rigid, contrasty": Style(1.7, 0.80, 1.3, 0.25, 1.2, 0.84, 1.08, 1.10, 0.02, 0.00, 0.4, 0.03, 0.007),
    "soft, milky": Style(1.1, 0.5, 0.8, 0.45, 0.6, 0.94, 0.90, 0.86, 0.00, 0.015, 1.1, 0.16, 0.005),
    "cool light": Style(1.4, 0.6, 1.0, 0.35, 0.8, 0.86, 1.0, 0.90, -0.045, 0.015, 0.8, 0.08, 0.006),
    "warm light": Style(1.4, 0.65, 1.0, 0.35, 0.9, 0.88, 1.0, 1.03, 0.035, 0.00, 0.7, 0.06, 0.006),
    "flexible, dim": Style(1.8, 0.75, 1.0, 0.3, 0.9, 0.72, 1.05, 1.10, 0.02, 0.01, 1.2, 0.06, 0.010),
}


def sample_style(draw: Draw) -> Style:
    """One of the makes, and its own settings."""
    style = STYLES[draw.pick(list(STYLES))]
    return replace(
        style,
        falloff=style.falloff * draw.between(0.8, 1.25),
        occlusion=style.occlusion * draw.between(0.8, 1.5),
        relief=style.relief * draw.between(0.8, 1.6),
        scatter=style.scatter * draw.between(0.6, 1.3),
        gloss=style.gloss * draw.between(0.4, 1.4),
        exposure=min(1.0, style.exposure * draw.between(0.85, 1.15)),
        contrast=style.contrast * draw.between(0.85, 1.15),
        saturation=style.saturation * draw.between(0.85, 1.15),
        warmth=style.warmth + draw.near(0, 0.018),
        pink=style.pink + draw.near(0, 0.008),
        focus=style.focus * draw.between(0.1, 1.2),
        haze=style.haze * draw.between(0.2, 1.3),
        noise=style.noise * draw.between(0.4, 1.6),
    )
