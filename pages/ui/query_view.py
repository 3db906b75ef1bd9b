"""What Search asks with: taking words and images in, showing them, adding to them, starting over."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.case import Case
from core.errors import ImageError
from core.file_finder import some
from core.imaging import Limits, load_image, thumbnail
from core.settings import get_settings
from core.taxonomy import ENT
from pages.ui import compare_tray, current_query, frame, history, media, palette, paste, query_losses, region_box, state
from pages.ui.query_state import QueryImage, QueryState
from pages.ui.resources import OpenLibrary
from pages.ui.text import escaped, markdown, number

PREVIEW = 512
ASK_WIDTH = 640
EXAMPLES = (
    "left eardrum with a perforation",
    "large nasal polyp, right side",
    "enlarged tonsils with exudate",
    "open vocal cords, normal findings",
)
"""Things to ask an ENT library; one of other classes is asked for those."""
REFUSED, CAMERA = "search_refused", "search_camera"
TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif"]


@dataclass(frozen=True)
class Picture:
    """One image of the query: where it is, what it is called, and what `current_query.drop` needs to take it out."""

    url: str
    name: str
    which: dict[str, str]
    case: Case | None = None


def is_empty(library: OpenLibrary) -> bool:
    """Whether nothing is asked for, once what cannot be searched with any more has been left out, with a word."""
    query_losses.show(library, current_query.follow())
    _show_refused()
    return current_query.query().empty


def columns() -> list[DeltaGenerator]:
    """A narrow column for the query and what is said of it, a wide one for results."""
    return st.columns([4, 11], gap="medium")


def ask(library: OpenLibrary) -> None:
    """The empty state: where to write words, things to write there, and where to drop an image."""
    frame.empty(
        "What are you looking for?",
        "Describe it, or drop or paste an endoscopic image, to see the most similar of the "
        f"{number(library.count())} cases in this library. An image is used for this search only and not stored.",
    )
    with st.container(key="ask", horizontal_alignment="center"):
        _field(ASK_WIDTH)
        _examples(library)
        _uploader("Images to search with", width=ASK_WIDTH)
        _camera()
        history.show_list(library, ASK_WIDTH)
        state.link(state.GALLERY_PAGE, label="Or start from a case in the Gallery", icon=":material/grid_view:")


def words() -> None:
    """The field with the words of the query, above the results; empty, it takes words to add to the images."""
    _field(ASK_WIDTH)


def show(library: OpenLibrary, *, mirrored: bool) -> None:
    """The query's images as they are searched with, each with a way out, and the ways to add another or begin anew."""
    query, pictures = current_query.query(), _pictures(library)
    if len(pictures) == 1:
        _alone(pictures[0], mirrored)
    elif pictures:
        places = st.columns(2, gap="small") * len(pictures)
        for picture, place in zip(pictures, places, strict=False):
            with place:
                _preview(picture, mirrored)
                _take_out(picture)
    with st.container(horizontal=True, gap="small"):
        st.button("New search", icon=":material/restart_alt:", on_click=current_query.clear_query)
        if len(pictures) == 1:
            region_box.show_numbers()
        with st.popover("Add image", icon=":material/add:", disabled=query.pictures >= QueryState.MOST):
            frame.quiet("The search looks for cases like everything that is asked for together.")
            _uploader("Images to add", width="stretch")
        history.show_menu(library)
    if query.words and pictures:
        frame.quiet("Words and images have the same say in this search.")


def pinned(library: OpenLibrary) -> list[compare_tray.Pinned]:
    """The query's pictures, for cases to be compared with."""
    return [compare_tray.Pinned(picture.url, picture.name, picture.case) for picture in _pictures(library)]


def _pictures(library: OpenLibrary) -> list[Picture]:
    query = current_query.query()
    return [*(_of_image(image) for image in query.images), *(_of_case(library, case) for case in query.cases)]


def _alone(picture: Picture, mirrored: bool) -> None:
    """One picture, on which a region can be drawn."""
    region_box.show(picture.url, picture.name, mirrored=mirrored)
    frame.quiet(_called(picture, mirrored))
    if current_query.query().words:
        _take_out(picture)


def _field(width: int) -> None:
    current_query.fill_field()
    st.text_input(
        "Search by words",
        key=current_query.FIELD,
        on_change=current_query.take_words,
        type="search",
        icon=":material/search:",
        placeholder="Describe what you look for ( / )",
        label_visibility="collapsed",
        width=width,
    )
    paste.show(_paste)


def _examples(library: OpenLibrary) -> None:
    """Things to ask, each a click away."""
    known = library.taxonomy.name == ENT.name
    examples = EXAMPLES if known else tuple(c.title.lower() for c in library.taxonomy.classes[: len(EXAMPLES)])
    with st.container(key="examples", horizontal=True, horizontal_alignment="center", gap="small", width=ASK_WIDTH):
        for number_, example in enumerate(examples):
            st.button(
                markdown(example),
                key=f"example_{number_}",
                on_click=current_query.ask_words,
                args=(example,),
            )


def _uploader(label: str, width: int | str) -> None:
    st.file_uploader(
        label,
        type=TYPES,
        accept_multiple_files=True,
        key=current_query.uploader_key(),
        on_change=_take_in,
        label_visibility="collapsed",
        width=width,
    )


def _camera() -> None:
    """The camera, once it is asked for: a browser asks for leave as soon as it is there."""
    if st.session_state.get(CAMERA):
        st.camera_input(
            "Photograph to search with", key=f"{CAMERA}_photo", on_change=_take_photograph, label_visibility="collapsed"
        )
        st.button("Close the camera", icon=":material/close:", type="tertiary", on_click=_set_camera, args=(False,))
    else:
        st.button("Use the camera", icon=":material/photo_camera:", type="tertiary", on_click=_set_camera, args=(True,))


def _set_camera(wanted: bool) -> None:
    st.session_state[CAMERA] = wanted


def _take_photograph() -> None:
    if photograph := st.session_state.get(f"{CAMERA}_photo"):
        _set_camera(False)
        _paste("photograph", photograph.getvalue())


def _take_in() -> None:
    """Move what was dropped into the query."""
    files = st.session_state.get(current_query.uploader_key()) or []
    _take([(file.name, file.getvalue()) for file in files])
    current_query.renew_uploader()


def _paste(name: str, data: bytes) -> None:
    _take([(name, data)])


def _take(files: Sequence[tuple[str, bytes]]) -> None:
    """Search with these too; what is no image, or one too many, is refused with its reason."""
    refused, left_out = [], []
    for name, data in files:
        try:
            image = _image(name, data)
        except ImageError as error:
            refused.append(f"{name}: {error}")
        else:
            left_out += [] if current_query.add_image(image) else [name]
    if left_out:
        refused.append(f"A search takes up to {QueryState.MOST} images; left out: {some(left_out)}")
    st.session_state[REFUSED] = refused


def _image(name: str, data: bytes) -> QueryImage:
    settings = get_settings()
    image = load_image(data, Limits(max_bytes=settings.max_bytes, max_pixels=settings.max_pixels))
    return QueryImage(name, data, hashlib.sha256(data).hexdigest(), thumbnail(image.rgb, PREVIEW))


def _show_refused() -> None:
    for reason in st.session_state.pop(REFUSED, []):
        st.error(markdown(reason), icon=":material/broken_image:")


def _of_image(image: QueryImage) -> Picture:
    return Picture(media.preview_url(image.preview), image.name, {"digest": image.digest})


def _of_case(library: OpenLibrary, case_id: str) -> Picture:
    case = next(iter(library.catalog.cases_by_id([case_id])), None)
    title = palette.title_of(library.taxonomy, case.label) if case else "not in this library any more"
    url, name = media.image_url(library.library_id, case_id), f"Case {case_id[:6]}, {title}"
    return Picture(url, name, {"case_id": case_id}, case)


def _called(picture: Picture, mirrored: bool) -> str:
    return f"{picture.name}, mirrored, as it is searched with" if mirrored else picture.name


def _preview(picture: Picture, mirrored: bool) -> None:
    name, shown = escaped(_called(picture, mirrored)), "ent-preview mirrored" if mirrored else "ent-preview"
    st.html(
        f'<figure class="{shown}"><img src="{escaped(picture.url)}" alt="Query image {name}">'
        f'<figcaption title="{name}">{name}</figcaption></figure>'
    )


def _take_out(picture: Picture) -> None:
    key = "take_out_" + next(iter(picture.which.values()))[:16]
    words = f"Search without {markdown(picture.name)}"
    st.button(
        "Leave out",
        key=key,
        type="tertiary",
        icon=":material/close:",
        help=words,
        on_click=current_query.drop,
        kwargs=picture.which,
    )
