"""`python -m core demo` and `search --text`, as people call them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.demo import Demo
from tests.core.test_command_line import run
from tests.core.test_encoder import TINY


@pytest.fixture
def surroundings(tmp_path: Path, folder_of: Callable[..., Path]) -> dict[str, str]:
    """Environment variables of a demo of five images, on an encoder with random weights."""
    import open_clip

    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "open_clip_config.json").write_text(json.dumps(TINY))
    torch.manual_seed(0)
    tensors = open_clip.model.CLIP(**TINY["model_cfg"]).state_dict()
    save_file({k: v.contiguous() for k, v in tensors.items()}, tmp_path / "tiny" / "open_clip_model.safetensors")
    folder = folder_of({"ear-left": 3, "throat": 2}, "demo")
    Demo(folder, "Demo (synthetic)", f"local-dir:{tmp_path / 'tiny'}", 5).write()
    return {"ENT_DEMO": str(folder), "ENT_LIBRARIES": str(tmp_path / "libraries")}


def test_the_demo_is_made_and_searched_by_words(surroundings: dict[str, str]) -> None:
    made = run("demo", **surroundings)
    assert made.returncode == 0, made.stderr
    root = Path(surroundings["ENT_LIBRARIES"]) / "demo-synthetic"
    assert f"Demo (synthetic): 5 cases, all of them synthetic, in {root}" in made.stdout
    assert run("demo", **surroundings).stdout == made.stdout

    words = ("--text", "left eardrum with a perforation", "--text", "left ear")
    found = json.loads(run("search", root, *words, "--json").stdout)
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3, 4, 5]
    assert (found["space"], found["identical"]) == ("before", [])
    assert sum(found["evidence"].values()) == pytest.approx(1)
    assert "cosine similarity before the flow" in run("search", root, *words).stdout

    for wrong, said in (((), "or words"), (("--text", " "), "1 to 1000 letters")):
        refused = run("search", root, *wrong)
        assert refused.returncode == 2
        assert said in refused.stderr


def test_another_folder_and_no_demo(surroundings: dict[str, str], tmp_path: Path) -> None:
    assert run("demo", tmp_path / "here", **surroundings).returncode == 0
    assert json.loads(run("info", tmp_path / "here", "--json").stdout)["cases"] == 5
    missing = run("demo", **{**surroundings, "ENT_DEMO": str(tmp_path / "none")})
    assert missing.returncode == 2
    assert "there is no demo in" in missing.stderr
