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
    "rigid, bright": Style(1.4, 0.55, 0.9, 1.0, 0.90, 1.0, 0.98, 0.00, 0.02, 0.5, 0.006),
    "rigid, contrasty": Style(1.9, 0.75, 1.1, 1.2, 0.78, 1.1, 1.05, 0.02, 0.00, 0.4, 0.008),
    "soft, milky": Style(1.2, 0.4, 0.6, 0.6, 0.92, 0.85, 0.80, 0.00, 0.02, 1.1, 0.006),
    "cool light": Style(1.5, 0.55, 0.9, 0.8, 0.82, 1.0, 0.85, -0.05, 0.015, 0.8, 0.008),
    "warm light": Style(1.5, 0.6, 0.9, 0.9, 0.84, 1.0, 1.00, 0.06, 0.00, 0.7, 0.008),
    "flexible, dim": Style(2.0, 0.75, 0.8, 0.9, 0.70, 1.05, 1.02, 0.02, 0.01, 1.3, 0.012),
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
        saturation=style.saturation * draw.between(0.8, 1.1),
        warmth=style.warmth + draw.near(0, 0.02),
        pink=style.pink + draw.near(0, 0.008),
        focus=style.focus * draw.between(0.2, 1.4),
        noise=style.noise * draw.between(0.4, 1.6),
    )
