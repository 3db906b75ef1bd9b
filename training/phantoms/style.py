"""Makes of endoscope: how each lights and renders. Images are drawn from all of them, so that none is learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from training.phantoms.draw import Draw


@dataclass(frozen=True)
class Style:
    """`falloff`: exponent of light over distance; `occlusion`: darkness of crevices; `relief`: steepness of shading;
    `gloss`: strength of highlights; `exposure`: brightness the camera's own control aims at (0 to 1);
    `contrast`, `saturation`: 1 is neutral; `warmth`: red over blue; `pink`: magenta over green;
    `focus`: blur in hundredths of the radius; `noise`: sensor noise, standard deviation of 1.
    """

    falloff: float
    occlusion: float
    relief: float
    gloss: float
    exposure: float
    contrast: float
    saturation: float
    warmth: float
    pink: float
    focus: float
    noise: float


STYLES = {
    "rigid, bright": Style(1.5, 0.7, 1.0, 1.0, 0.86, 1.0, 1.00, 0.00, 0.02, 0.6, 0.006),
    "rigid, contrasty": Style(2.0, 1.0, 1.3, 1.2, 0.70, 1.2, 1.15, 0.03, 0.00, 0.4, 0.008),
    "soft, milky": Style(1.2, 0.5, 0.7, 0.6, 0.88, 0.8, 0.80, 0.00, 0.02, 1.6, 0.006),
    "cool light": Style(1.6, 0.7, 1.0, 0.8, 0.78, 1.0, 0.80, -0.07, 0.03, 1.0, 0.008),
    "warm light": Style(1.6, 0.8, 1.0, 0.9, 0.80, 1.0, 1.10, 0.08, -0.01, 0.8, 0.008),
    "flexible, dim": Style(2.2, 1.0, 0.9, 0.9, 0.60, 1.1, 1.10, 0.02, 0.00, 1.5, 0.014),
}


def sample_style(draw: Draw) -> Style:
    """One of the makes, and its own settings."""
    style = STYLES[draw.pick(list(STYLES))]
    return replace(
        style,
        falloff=style.falloff * draw.between(0.8, 1.25),
        occlusion=style.occlusion * draw.between(0.7, 1.3),
        relief=style.relief * draw.between(0.7, 1.3),
        gloss=style.gloss * draw.between(0.4, 1.4),
        exposure=min(0.97, style.exposure * draw.between(0.82, 1.18)),
        contrast=style.contrast * draw.between(0.85, 1.15),
        saturation=style.saturation * draw.between(0.8, 1.15),
        warmth=style.warmth + draw.near(0, 0.025),
        pink=style.pink + draw.near(0, 0.012),
        focus=style.focus * draw.between(0.3, 2.0),
        noise=style.noise * draw.between(0.4, 1.6),
    )
