"""The bundled demo: a folder of synthetic images to try everything on.

It holds images, manifest.csv, `demo.json` and, so that its library opens in seconds, the images' embeddings, a flow and
a map of them. Embeddings are used where they fit, pixel for pixel and for the very encoder; otherwise the images are
encoded. `python -m training demo` and `demo-flow` make such a folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.settings import get_settings
from core.whole_file import write_whole

FACTS, EMBEDDINGS = "demo.json", "embeddings.safetensors"
TOLD = ("fingerprint", "digest", "flow")
"""What tells releases apart."""


@dataclass(frozen=True)
class Demo:
    """A demo folder: what its library is called, the name of the encoder it is bound to, how many images there are.

    `fingerprint` of the encoder that made its embeddings, `digest` of its images and `flow` of what it has of a flow
    tell releases apart; "" where it does not say, and then libraries of any release pass for it.
    """

    folder: Path
    name: str
    encoder: str
    images: int
    fingerprint: str = ""
    digest: str = ""
    flow: str = ""

    @property
    def release(self) -> dict[str, str]:
        """What a library made of it keeps, to be told from one of another release."""
        return {name: value for name in TOLD if (value := getattr(self, name))}

    def write(self) -> None:
        """Say in the folder what it is."""
        write_facts(self.folder, {"name": self.name, "encoder": self.encoder, "images": self.images, **self.release})


def bundled() -> Demo | None:
    """The demo in the folder that the settings name; None where there is none."""
    return demo_in(get_settings().demo)


def demo_in(folder: Path) -> Demo | None:
    """The demo in that folder; None where there is none."""
    facts = read_facts(folder)
    if facts is None:
        return None
    try:
        demo = Demo(folder, str(facts["name"]), str(facts["encoder"]), int(facts["images"]))
    except (KeyError, TypeError, ValueError):
        return None
    told: dict[str, Any] = {name: str(facts.get(name, "")) for name in TOLD}
    return replace(demo, **told)


def read_facts(folder: Path) -> dict[str, Any] | None:
    """What a demo folder, or a library made of one, says of itself; None where it is neither."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def write_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Have a folder say that of itself."""
    write_whole(folder / FACTS, (json.dumps(facts, indent=1) + "\n").encode())
