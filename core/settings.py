"""What a person can set from outside, by environment variables that begin with ENT_."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import EntError

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of one process; the library's own settings live in its catalogue."""

    model_config = SettingsConfigDict(env_prefix="ENT_", frozen=True)

    libraries: Path = Field(ROOT / "data" / "libraries", description="folder in which the app keeps libraries")
    demo: Path = Field(ROOT / "data" / "demo", description="folder of the demo; one that has none: start without it")
    weights: Path | None = Field(None, description="weights file or folder, in place of a download")
    cache: Path = Field(user_cache_path("ent-case-browser"), description="downloaded weights, and what trainings keep")
    offline: bool = Field(False, description="never try to download weights")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps ...")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    batch_size: int = Field(32, ge=1, le=1024, description="images encoded together")
    workers: int = Field(max(1, min(8, os.cpu_count() or 1)), ge=1, le=64, description="threads that decode images")
    max_bytes: int = Field(50_000_000, ge=1, description="largest image file taken in, bytes")
    max_pixels: int = Field(64_000_000, ge=1, description="largest image taken in, pixels")
    progress: Literal["auto", "json"] = Field("auto", description="json: progress as lines of JSON on standard error")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process. Raises EntError naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "ENT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise EntError(f"{name}={first['input']!r}: {first['msg']}; correct or unset it") from None
