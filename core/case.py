"""One image of a library and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from core.encoder_spec import Embeddings


@dataclass(frozen=True)
class Case:
    """One stored image and what is known of it. Dates are ISO 8601; `added_at` is UTC."""

    case_id: str
    label: str | None
    filename: str
    width: int
    height: int
    extension: str
    sha256: str
    pixel_sha256: str
    finding: str | None
    patient: str | None
    description: str | None
    description_en: str | None
    exam_date: str | None
    split: str | None
    added_at: str


@dataclass(frozen=True)
class NewCase:
    """A case to be stored: what is known of it, its embedding (D,), and the hash of the file it came in as."""

    case: Case
    embedding: Embeddings
    source_sha256: str
