"""Images of cases and of queries over HTTP: by signed URLs that expire, to this app's own pages only."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import streamlit as st
from itsdangerous import Signer
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.case import Case
from core.errors import EntError
from core.imaging import Limits, load_image, thumbnail
from core.settings import get_settings
from pages.ui import resources

LIFE = 3600
"""Seconds a URL is good for at least; at most twice that, so that it stays the same (and cached) for a while."""

PREVIEWS_KEPT = 256
BLOBS_KEPT = 16
PICTURES_KEPT = 384
"""Of some tens of kilobytes each."""
AT_ONCE = 2
"""Originals that are decoded at a time: one of 64 megapixels takes 200 MB, and pages ask for many together."""
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
NAME = re.compile(r"[0-9a-f]{8,64}")
PICTURES = {"picture-768": 768, "picture-1280": 1280}
"""Kinds between thumbnail and original, with the pixels of their longer side: made when they are asked for."""
KINDS = ("image", "thumb", "query", "hover", "blob", *PICTURES)
ANY = "*"
"""Signed in place of a name, for a whole library: a map shows whichever is pointed at."""
OF_ANY = ("hover", *PICTURES)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}

_signer = Signer(secrets.token_bytes(32), salt="case image", digest_method=hashlib.sha256)
_previews: OrderedDict[str, bytes] = OrderedDict()
_blobs: OrderedDict[str, bytes] = OrderedDict()
_pictures: OrderedDict[str, bytes] = OrderedDict()
_lock = threading.Lock()
_decoding = threading.Semaphore(AT_ONCE)


@dataclass(frozen=True)
class Blob:
    """Numbers that a component draws, named by their hash, which is taken once."""

    data: bytes

    @cached_property
    def name(self) -> str:
        return _name(self.data)


def image_url(library_id: str, case_id: str) -> str:
    """URL of a case's original."""
    return _url("image", library_id, case_id)


def thumbnail_url(library_id: str, case_id: str) -> str:
    """URL of a case's thumbnail."""
    return _url("thumb", library_id, case_id)


def preview_url(webp: bytes) -> str:
    """URL of a small picture that belongs to no library (a query); only the latest few hundred are held."""
    return _url("query", "0" * 8, _hold(_previews, _name(webp), webp, PREVIEWS_KEPT))


def blob_url(blob: Blob) -> str:
    """URL of numbers that a component draws; only the latest few are held."""
    return _url("blob", "0" * 8, _hold(_blobs, blob.name, blob.data, BLOBS_KEPT))


def thumbnails_url(library_id: str) -> str:
    """URL of any thumbnail of a library, with `CASE` where the case's id belongs."""
    return _url_of_any("hover", library_id)


def pictures_urls(library_id: str) -> dict[int, str]:
    """URLs of any case of a library as a picture, by the pixels of its longer side; with `CASE` for the case's id."""
    return {side: _url_of_any(kind, library_id) for kind, side in PICTURES.items()}


def _url_of_any(kind: str, library_id: str) -> str:
    return _url(kind, library_id, ANY).replace(f"/{ANY}?", "/CASE?")


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _hold(held: OrderedDict[str, bytes], name: str, data: bytes, most: int) -> str:
    with _lock:
        held[name] = data
        held.move_to_end(name)
        while len(held) > most:
            held.popitem(last=False)
    return name


def routes() -> list[Route]:
    """The routes the server answers these URLs on."""
    return [Route(f"{_base()}/images/{{kind}}/{{library}}/{{name}}", _serve, methods=["GET"])]


def _base() -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def _url(kind: str, library_id: str, name: str) -> str:
    expires = (int(time.time()) // LIFE + 2) * LIFE
    return f"{_base()}/images/{kind}/{library_id}/{name}?e={expires}&s={_signature(kind, library_id, name, expires)}"


def _signature(kind: str, library_id: str, name: str, expires: int) -> str:
    return _signer.get_signature(f"{kind}/{library_id}/{name}/{expires}").decode()


def _serve(request: Request) -> Response:
    """One image, or a refusal that tells nothing about what is there. Runs in a worker thread."""
    kind, library_id, name = (request.path_params[part] for part in ("kind", "library", "name"))
    if not _own_page_asks(request):
        return _refusal(403, "not for other sites")
    if kind not in KINDS or not NAME.fullmatch(library_id) or not NAME.fullmatch(name):
        return _refusal(404, "no such image")
    expires = request.query_params.get("e", "")
    if not expires.isascii() or not expires.isdigit() or len(expires) > 12 or int(expires) < time.time():
        return _refusal(403, "this link has expired; reload the page")
    signed = ANY if kind in OF_ANY else name
    if not _signer.verify_signature(f"{kind}/{library_id}/{signed}/{int(expires)}", request.query_params.get("s", "")):
        return _refusal(403, "not a valid link")
    found = _find(kind, library_id, name)
    if found is None:
        return _refusal(404, "no such image")
    data, content_type = found
    # the URL changes before it expires, and what it names never changes
    return Response(data, media_type=content_type, headers={**HEADERS, "Cache-Control": f"private, max-age={LIFE}"})


def _find(kind: str, library_id: str, name: str) -> tuple[bytes, str] | None:
    if kind in ("query", "blob"):
        with _lock:
            held = (_previews if kind == "query" else _blobs).get(name)
        return (held, TYPES["webp"] if kind == "query" else "application/octet-stream") if held else None
    library = resources.opened(library_id)
    if library is None:
        return None
    try:
        case = library.catalog.case(name)
        if kind in ("thumb", "hover"):
            return library.store.thumbnail(case.sha256), TYPES["webp"]
        if kind in PICTURES:
            return _picture(library, case, PICTURES[kind]), TYPES["webp"]
        return library.store.image(case.sha256, case.extension), TYPES.get(case.extension, "application/octet-stream")
    except EntError:
        return None


def _picture(library: resources.OpenLibrary, case: Case, side: int) -> bytes:
    """The case's image with a longer side of at most `side` pixels. Raises EntError."""
    name = f"{case.sha256} {side}"
    known = _held_picture(name)
    if known is None:
        with _decoding:  # who waited here mostly finds it made
            known = _held_picture(name) or _smaller(library, case, side)
    _hold(_pictures, name, known, PICTURES_KEPT)
    return known


def _held_picture(name: str) -> bytes | None:
    with _lock:
        return _pictures.get(name)


def _smaller(library: resources.OpenLibrary, case: Case, side: int) -> bytes:
    settings = get_settings()
    limits = Limits(settings.max_bytes, settings.max_pixels)
    return thumbnail(load_image(library.store.image(case.sha256, case.extension), limits).rgb, side)


def _own_page_asks(request: Request) -> bool:
    """Whether the browser says that one of this app's pages asks (or a person, by the address bar)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


def _refusal(status: int, words: str) -> Response:
    return PlainTextResponse(words, status, headers={**HEADERS, "Cache-Control": "no-store"})
