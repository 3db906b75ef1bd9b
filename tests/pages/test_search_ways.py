"""Ways to search: before and after the flow side by side, refined by marks, mirrored, on one side."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.encoder_spec import ONLY_DRAWINGS, EncoderSpec
from core.flow import Flow
from core.library import Library
from core.manifest import CaseFacts
from core.sources import Source, SourceItem
from core.vector_field import VectorField
from pages.ui import current_query, export_menu, folds, gallery_grid, refining, resources
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.pages.conftest import follow_link, here, visible, words


@pytest.fixture
def grids(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[gallery_grid.Card]]:
    """The cards of the grids drawn last, by key."""
    drawn: dict[str, list[gallery_grid.Card]] = {}
    show = gallery_grid.show

    def note(cards: Any, *, key: str, **rest: Any) -> None:
        drawn[key] = list(cards)
        show(cards, key=key, **rest)

    monkeypatch.setattr(gallery_grid, "show", note)
    return drawn


def with_flow(root: Path) -> None:
    library = Library.open(root, encoder=FakeEncoder())
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    library.activate("f" * 12)
    library.close()


def search(app: AppTest, seed: int = 500, *, fold: bool = False) -> AppTest:
    app.session_state["search_fold"] = fold
    app.run()
    app.file_uploader[0].upload("query.png", png(picture(seed)), "image/png")
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def mark(app: AppTest, said: refining.Mark, case_id: str) -> AppTest:
    """As the grid does: its component cannot be clicked without a browser."""
    app.session_state[current_query.QUERY] = app.session_state[current_query.QUERY].with_mark(said, case_id)
    return app.run()


def order(cards: list[gallery_grid.Card]) -> list[str]:
    return [card.case_id for card in cards]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """What makes the files of the export menu, by their kind."""
    made: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(export_menu, "_download", lambda _, make, __, kind, ___: made.update({kind: make}))
    return made


def rows_of(files: dict[str, Callable[[], bytes]]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["text/csv"]().decode())))


def test_the_table_has_both_rankings_as_the_page_shows_them(
    app: AppTest,
    make_library: Callable[..., Path],
    grids: dict[str, list[gallery_grid.Card]],
    files: dict[str, Callable[[], bytes]],
) -> None:
    with_flow(make_library("clinic", {"ear-left": 9, "throat": 8}))
    search(app)
    app.segmented_control(key="search_space").set_value("both").run()

    rows = rows_of(files)
    assert {(row["query"], row["library"]) for row in rows} == {("image: query.png", "clinic, encoder fake")}
    assert {(row["space"], row["flow"]) for row in rows} == {("before", ""), ("after", "f" * 12)}
    for space, grid in (("before", "search_grid_before"), ("after", "search_grid")):
        assert [row["case_id"] for row in rows if row["space"] == space] == order(grids[grid])
    assert files["application/pdf"]().startswith(b"%PDF-")


def test_the_table_has_the_cards_of_the_page_and_what_is_folded_into_them(
    app: AppTest,
    make_library: Callable[..., Path],
    grids: dict[str, list[gallery_grid.Card]],
    files: dict[str, Callable[[], bytes]],
) -> None:
    make_library("clinic", {"ear-left": 30})
    search(app, fold=True)

    rows = rows_of(files)
    assert [row["case_id"] for row in rows if not row["folded_into"]] == order(grids["search_grid"])
    assert {row["folded_into"] for row in rows} - {""} <= {*order(grids["search_grid"])}
    assert len(rows) > len(grids["search_grid"])


def test_both_rankings_stand_side_by_side_with_their_moves(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    with_flow(make_library("clinic", {"ear-left": 9, "throat": 8}))
    search(app)
    app.segmented_control(key="search_space").set_value("both").run()

    assert not app.exception
    before, after = grids["search_grid_before"], grids["search_grid"]
    assert len(before) == len(after) == 12
    assert "Compare ranks, not numbers" in words(app)
    ranks = {card.case_id: card.rank for card in before}
    for card in after:
        sign, said = card.move or ("", "")
        if card.case_id in ranks:
            up = ranks[card.case_id] - card.rank
            assert sign == ("same" if not up else f"{'▲' if up > 0 else '▼'}{abs(up)}")
            assert said in card.alt


def test_side_by_side_what_shows_the_same_is_one_card_with_the_rank_of_its_first(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    with_flow(make_library("clinic", {"ear-left": 12, "throat": 12}))  # of three patients: six cards
    search(app, fold=True)
    app.segmented_control(key="search_space").set_value("both").run()

    assert not app.exception
    before, after = grids["search_grid_before"], grids["search_grid"]
    assert [len(before), len(after)] == [6, 6]
    assert {card.fold for card in (*before, *after)} == {"+3 of this patient"}
    assert "6 cases each, 18 and 18 more folded into them" in words(app)
    there = sorted(card.rank or 0 for card in before)
    for card in after:
        sign, said = card.move or ("", "")
        up = 0 if sign == "same" else int(sign[1:]) * (1 if sign[0] == "▲" else -1)
        assert (card.rank or 0) + up in there  # a number that stands on a card before the flow
        assert said in card.alt

    app.session_state[folds.UNFOLDED] = frozenset({before[0].case_id})
    app.run()
    before, after = grids["search_grid_before"], grids["search_grid"]
    assert [sum(card.within for card in cards) for cards in (before, after)] == [3, 3]
    ranks = {card.case_id: card.rank or 0 for card in before}
    for card in (card for card in after if card.within):
        sign, _ = card.move or ("", "")
        up = ranks[card.case_id] - (card.rank or 0)
        assert sign == ("same" if not up else f"{'▲' if up > 0 else '▼'}{abs(up)}")


def test_a_stored_query_says_its_class_and_side_beside_what_it_is_compared_with(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    first, other, _ = resources.open_library(make_library("clinic", {"ear-left": 3})).catalog.ids()
    app.query_params["like"], app.query_params["compare"] = first, other
    app.run()

    assert not app.exception
    data = next(e.proto.json for e in app.get("bidi_component") if '"tiles"' in e.proto.json)
    query, compared = json.loads(data)["tiles"]
    assert (query["title"], query["pinned"]) == (f"Query: {compared['title']}", True)
    assert query["lines"] == ["Left side", f"Case {first[:6]}"]


def test_a_library_without_a_flow_says_what_the_next_step_is(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 4})
    search(app)

    assert any("Train one" in block.value for block in app.markdown)
    assert "embeddings before the flow" in words(app)


def test_where_a_flow_was_trained_and_none_is_active_it_is_to_be_activated(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    root = make_library("clinic", {"ear-left": 4})
    with_flow(root)
    library = Library.open(root, encoder=FakeEncoder())
    library.activate(None)
    library.close()
    search(app)

    assert any("Activate one that was trained" in block.value for block in app.markdown)
    assert not any("Train one" in block.value for block in app.markdown)


def test_a_search_is_refined_by_marks_and_taken_back(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    make_library("clinic", {"ear-left": 8, "throat": 8})
    search(app)
    first = order(grids["search_grid"])
    mark(app, "more", first[7])
    mark(app, "less", first[0])
    assert order(grids["search_grid"]) == first  # nothing moves before it is asked for
    assert [card.mark for card in grids["search_grid"]] == ["less", *[None] * 6, "more", *[None] * 4]

    press(app, "Search again")
    refined = order(grids["search_grid"])
    assert refined.index(first[7]) < 7
    assert first[0] not in refined[:1]
    assert "Refined, 1 round" in words(app)

    press(app, "Undo")
    assert order(grids["search_grid"]) == first
    assert "Refined" not in visible(app)


def test_the_first_mark_leaves_what_is_above_the_results_as_it_was(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    make_library("clinic", {"ear-left": 8})
    search(app)
    before = [button.label for button in app.main.button]
    mark(app, "more", order(grids["search_grid"])[3])
    assert [button.label for button in app.main.button] == before
    assert "Search again" in [button.label for button in app.button]
    assert "Marked" in visible(app)


def test_marks_go_with_the_query_they_were_made_for(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 8})
    search(app)
    case = Library.open(root, encoder=FakeEncoder()).catalog.cases()[0]
    mark(app, "more", case.case_id)
    press(app, "Search again")
    press(app, "New search")
    search(app, 501)

    assert "Refined" not in visible(app)
    assert not app.session_state[current_query.QUERY].rounds


def test_the_mirror_image_and_the_same_side_are_one_choice_away(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    root = make_library("clinic", {"ear-left": 6, "ear-right": 6})
    library = Library.open(root, encoder=FakeEncoder())
    case = next(case for case in library.catalog.cases() if case.label == "ear-left")
    app.run()
    app.query_params["case"] = case.case_id
    app.run()
    press(app, "Find similar")
    assert {card.warnings for card in grids["search_grid"] if card.title == "Right ear"} == {("right side",)}

    app.selectbox(key="search_side_mode").set_value("same").run()
    assert {card.title for card in grids["search_grid"]} == {"Left ear"}
    assert "Same side only. The query is taken as left: from its label" in words(app)

    app.selectbox(key="search_side_mode").set_value("mirror").run()
    assert ", the query mirrored" in words(app)
    said = "looked for with the query mirrored (taken as right: from its label)"
    assert any(said in info.value for info in app.info)
    assert "mirrored, as it is searched with" in words(app)
    assert {card.warnings for card in grids["search_grid"] if card.title == "Left ear"} == {("left side",)}
    assert not app.exception


def test_the_person_says_the_side_where_nothing_tells_it(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    make_library("clinic", {"ear-left": 6, "ear-right": 6})
    search(app)
    assert "search_side_stated" not in app.session_state
    app.selectbox(key="search_side_mode").set_value("same").run()
    app.segmented_control(key="search_side_stated").set_value("right").run()

    assert not app.exception
    assert {card.title for card in grids["search_grid"]} == {"Right ear"}
    assert "Same side only. The query is taken as right: from what you said" in words(app)
    assert "side:right" in app.query_params["like"]

    followed = follow_link(here(app))
    assert not followed.exception
    assert followed.segmented_control(key="search_side_stated").value == "right"

    press(app, "New search")
    search(app, 501)
    assert app.segmented_control(key="search_side_stated").value == ""  # another image is not of that side


def test_further_frames_of_a_patient_are_folded_until_they_are_asked_for(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    make_library("clinic", {"ear-left": 9})
    search(app, fold=True)
    assert [card.fold for card in grids["search_grid"]] == ["+2 of this patient"] * 3
    assert "3 cases, 6 more folded into them" in words(app)
    assert "3 cards of 9 results: further frames of the same are folded into them, so ranks skip" in words(app)

    first = grids["search_grid"][0].case_id
    app.session_state[folds.UNFOLDED] = frozenset({first})
    app.run()
    assert [card.within for card in grids["search_grid"]] == [False, True, True, False, False]
    assert grids["search_grid"][0].fold == "Fold 2 away"

    app.button(key="search_unfold").click().run()
    assert len(grids["search_grid"]) == 9
    assert not app.toggle(key="search_fold").value
    assert "ranks skip" not in words(app)
    assert not app.exception


def test_the_own_patient_can_be_left_out(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    make_library("clinic", {"ear-left": 9})
    search(app, 1)
    app.toggle(key="search_others").set_value(True).run()

    assert len(grids["search_grid"]) == 6
    assert not app.exception


def test_nothing_close_and_nothing_sharp_is_said(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 30, "throat": 30})
    app.run()
    app.file_uploader[0].upload("*grey*.png", png(Image.new("RGB", (64, 48), (9, 9, 9))), "image/png")
    app.run()

    said = [warning.value for warning in app.warning]
    assert any("No close match" in words for words in said)
    assert "Nothing in this library is close to it" in visible(app)
    assert "neighbours:" not in visible(app)
    assert "aken as" not in visible(app)
    assert any(words.startswith("\\*grey\\*\\.png is more blurred") for words in said)


def test_an_encoder_that_knows_only_drawings_says_so_of_an_image_from_outside(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_library("clinic", {"ear-left": 4})
    search(app)
    assert ONLY_DRAWINGS not in words(app)
    monkeypatch.setattr(EncoderSpec, "only_drawings", True)
    app.run()
    assert ONLY_DRAWINGS in words(app)
    press(app, "New search")
    search(app, 1)  # a picture of the library itself
    assert ONLY_DRAWINGS not in words(app)


def test_a_class_with_few_cases_is_not_outnumbered(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"throat": 12})
    library = Library.open(root, encoder=FakeEncoder())
    frames = [picture(700).rotate(turn) for turn in range(4)]
    items = tuple(
        SourceItem(f"{n}.png", CaseFacts(label="ear-left", patient=f"q{n}"), lambda rgb=rgb: png(rgb))
        for n, rgb in enumerate(frames)
    )
    library.ingest(Source("few", items, (), ()))
    library.close()
    app.run()
    app.file_uploader[0].upload("query.png", png(picture(700)), "image/png")
    app.run()
    assert "only 3 of this class to compare with" in visible(app)  # its own picture is not asked
    assert "No majority" not in visible(app)


def test_earlier_queries_can_be_asked_again(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 4})
    search(app)
    assert not [button for button in app.button if button.label == "query\\.png"]
    app.text_input(key="search_field").set_value("picture 3").run()
    press(app, "New search")
    assert "Earlier in this session" in words(app)
    press(app, "query\\.png")
    assert "query.png" in visible(app)
    assert app.text_input(key="search_field").value == ""
    press(app, "picture 3 \\+ query\\.png")
    assert app.text_input(key="search_field").value == "picture 3"
    assert not app.exception


def test_an_earlier_query_is_asked_in_the_way_it_was_asked_then(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    with_flow(make_library("clinic", {"ear-left": 4, "throat": 3}))
    search(app)
    app.multiselect(key="search_label").set_value(["throat"]).run()
    app.selectbox(key="search_side_mode").set_value("mirror").run()
    app.segmented_control(key="search_space").set_value("before").run()
    assert len(grids["search_grid"]) == 3
    press(app, "New search")
    app.text_input(key="search_field").set_value("picture 3").run()
    press(app, "Clear filters")
    press(app, "New search")
    press(app, "query\\.png")

    assert not app.exception
    assert not app.warning
    assert len(grids["search_grid"]) == 3
    assert app.multiselect(key="search_label").value == ["throat"]
    assert app.selectbox(key="search_side_mode").value == "mirror"
    assert app.segmented_control(key="search_space").value == "before"
    assert app.query_params["search_space"] == "Before flow"


def test_days_narrow_a_search_where_they_are_known(
    app: AppTest, make_library: Callable[..., Path], grids: dict[str, list[gallery_grid.Card]]
) -> None:
    root = make_library("clinic", {"ear-left": 4}, exam_date="2024-01-31")
    search(app)
    assert not app.date_input
    library = Library.open(root, encoder=FakeEncoder())
    items = (SourceItem("new.png", CaseFacts(exam_date="2024-05-01"), lambda: png(picture(77))),)
    library.ingest(Source("later", items, (), ()))
    app.run()
    app.date_input(key="search_since").set_value(date(2024, 2, 1)).run()

    assert len(grids["search_grid"]) == 1
    press(app, "Clear filters")
    assert len(grids["search_grid"]) == 5
    assert not app.exception
