"""`python -m core`, as scripts and people call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.core.test_encoder import TINY


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "core", *map(str, arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import open_clip

    folder = tmp_path_factory.mktemp("tiny")
    (folder / "open_clip_config.json").write_text(json.dumps(TINY))
    torch.manual_seed(0)
    tensors = open_clip.model.CLIP(**TINY["model_cfg"]).state_dict()
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "open_clip_model.safetensors")
    return folder


def test_the_whole_way_in_json(tmp_path: Path, tiny: Path, folder_of: Callable[..., Path]) -> None:
    library, source = tmp_path / "my library", folder_of({"ear-left": 4, "throat": 3})
    assert run("create", library, "--encoder", f"local-dir:{tiny}").returncode == 0
    report = json.loads(run("ingest", library, source, "--json").stdout)
    assert {k: report[k] for k in ("added", "duplicates", "failed", "failures")} == {
        "added": 7,
        "duplicates": 0,
        "failed": 0,
        "failures": [],
    }
    assert report["seconds"] > 0
    found = json.loads(run("search", library, source / "throat" / "001.png", "--top-k", 3, "--json").stdout)
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    assert found["hits"][0]["filename"] == "throat/001.png"
    assert set(found["hits"][0]) >= {"rank", "case_id", "label", "similarity", "filename"}
    assert set(found["milliseconds"]) == {"decode", "encode", "flow", "index", "total"}
    assert sum(found["evidence"].values()) == pytest.approx(1)
    case_id = found["hits"][0]["case_id"]
    several = (source / "throat" / "001.png", source / "throat" / "002.png", "--case", case_id)
    judged = json.loads(run("search", library, *several, "--json").stdout)  # a library too small to judge by
    assert (judged["close"], judged["close_each"], judged["close_together"]) == (True, [True] * 3, None)
    part = run("search", library, "--case", case_id, "--box", "0.2,0.2,0.9,0.9")
    assert "whether anything is close to this part is not told" in part.stdout
    where = ("--where", "label=ear-left", "--where", "side=left")
    stated = json.loads(run("search", library, "--case", case_id, "--side", "right", "--json").stdout)
    assert (stated["side"], stated["side_from"], stated["far"]) == ("right", "person", False)
    filtered = json.loads(run("search", library, "--case", case_id, *where, "--json").stdout)
    assert [hit["label"] for hit in filtered["hits"]] == ["ear-left"] * 4
    facts = json.loads(run("info", library, "--json").stdout)
    assert (facts["cases"], facts["labels"], facts["dimension"]) == (7, {"ear-left": 4, "throat": 3}, 16)
    assert facts["active_flow"] is None
    checked = run("verify", library, "--json")
    assert json.loads(checked.stdout) == {
        "ok": True,
        "cases": 7,
        "indexed_before": 7,
        "indexed_after": 0,
        "problems": [],
    }
    assert checked.returncode == 0
    assert run("repair", library).returncode == 0
    exported = run("export", library, tmp_path / "out", "--where", "label=throat")
    assert exported.stdout == f"wrote 3 cases to {tmp_path / 'out'}\n"
    assert "not for diagnosis" in (tmp_path / "out" / "README.txt").read_text()
    other = tmp_path / "other"
    run("create", other, "--encoder", f"local-dir:{tiny}")
    again = json.loads(run("ingest", other, tmp_path / "out", "--json").stdout)
    assert (again["added"], again["failed"]) == (3, 0)


def test_what_people_read(tmp_path: Path, tiny: Path, folder_of: Callable[..., Path]) -> None:
    library, source = tmp_path / "library", folder_of({"ear-left": 2})
    run("create", library, "--encoder", f"local-dir:{tiny}")
    assert run("ingest", library, source).stdout.startswith("2 added, 0 duplicates, 0 failed in ")
    shown = run("search", library, source / "ear-left" / "000.png").stdout
    assert "1.00" in shown
    assert "Left ear" in shown
    assert "of the 1 nearest labelled cases: 1 Left ear" in shown
    nothing = run("search", library, source / "ear-left" / "000.png", "--where", "patient=nobody").stdout
    assert "none passes these filters" in nothing
    assert "no case of this library has the patient 'nobody'" in nothing
    assert "2 ear-left" in run("info", library).stdout
    assert "all is well" in run("verify", library).stdout


def test_verify_exits_with_1_when_something_is_wrong(
    tmp_path: Path, tiny: Path, folder_of: Callable[..., Path]
) -> None:
    library = tmp_path / "library"
    run("create", library, "--encoder", f"local-dir:{tiny}")
    run("ingest", library, folder_of({"ear-left": 2}))
    next((library / "images").rglob("*.png")).unlink()
    checked = run("verify", library, "--json")
    assert checked.returncode == 1
    assert not json.loads(checked.stdout)["ok"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("info", "nowhere"), "is not a library"),
        (("ingest", "nowhere", "."), "is not a library"),
        (("search", "nowhere", "missing.png"), "cannot read missing.png"),
        (("create", "tests"), "already in use"),
        (("create", "new", "--encoder", "elephant"), "unknown encoder"),
        (("create", "new", "--taxonomy", "missing.json"), "cannot read the taxonomy"),
        (("create",), "Missing argument"),
        (("serch",), "No such command"),
        (("search", "nowhere", "--top-k", "many"), "should be a valid integer"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_away_is_no_mistake(tmp_path: Path, tiny: Path, unbuffered: str) -> None:
    library = tmp_path / "library"
    run("create", library, "--encoder", f"local-dir:{tiny}")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "core", "info", str(library), "--json"]
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=env, timeout=120, check=False)
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode in (0, 1)  # 1 where typer notices it first


def test_without_a_command_the_help_is_shown() -> None:
    assert run().stdout == run("--help").stdout
    assert run().returncode == 0


def test_ent_debug_shows_the_traceback() -> None:
    assert "Traceback" in run("info", "nowhere", ENT_DEBUG="1").stderr
