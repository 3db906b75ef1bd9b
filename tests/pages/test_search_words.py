"""Search by words: typed, clicked, from a URL, with images, and where the encoder cannot read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import EncoderError
from core.flow import Flow
from core.library import Library
from core.vector_field import VectorField
from pages.ui import gallery_grid, query_view
from tests.conftest import DIMENSION, FakeEncoder, picture, png
from tests.pages.conftest import visible, words


@pytest.fixture(autouse=True)
def _examples_that_the_fake_encoder_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_view, "EXAMPLES", ("picture 4", "picture 5"))


@pytest.fixture
def filled(app: AppTest, make_library: Callable[..., Path]) -> AppTest:
    """The app on a library of seven cases."""
    make_library("clinic", {"ear-left": 4, "throat": 3})
    return app.run()


def ask(app: AppTest, text: str) -> AppTest:
    return app.text_input(key="search_field").set_value(text).run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def asked(app: AppTest) -> str:
    """The words that the page says it has searched for."""
    return words(app).partition("Asked for: “")[2].partition("”")[0]


def test_words_are_answered_with_ranked_cases_and_evidence(filled: AppTest) -> None:
    ask(filled, "  picture 3 ")

    assert not filled.exception
    assert asked(filled) == "picture 3"
    assert "6 cases, 1 more folded into them, by cosine similarity of embeddings before the flow" in words(filled)
    assert "Class among neighbours" in words(filled)


def test_a_word_that_says_nothing_to_the_encoder_is_named(filled: AppTest) -> None:
    ask(filled, "unseen *thing* 4")
    assert [warning.value for warning in filled.warning] == [
        "The encoder has never read “unseen”: that part of the query says nothing to it, and the rest decides."
    ]
    ask(filled, "picture 4")
    assert not filled.warning


def test_where_no_word_is_known_no_class_and_no_similarity_is_told(
    filled: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards: list[gallery_grid.Card] = []
    monkeypatch.setattr(gallery_grid, "show", lambda shown, **rest: cards.extend(shown))
    ask(filled, f"un{'a' * 600}3")
    assert [warning.value for warning in filled.warning] == [
        "None of these words is known to this encoder; the order means nothing."
    ]
    assert {card.similarity for card in cards} == {None}
    assert "ent-bars" not in visible(filled)
    assert "of 7 neighbours" not in visible(filled)
    assert "a" * 60 not in visible(filled)
    assert not filled.exception


def test_an_example_is_one_click_away_and_a_new_search_forgets_it(filled: AppTest) -> None:
    press(filled, "picture 4")
    assert asked(filled) == "picture 4"
    assert filled.text_input(key="search_field").value == "picture 4"

    press(filled, "New search")
    assert not filled.exception
    assert "What are you looking for?" in words(filled)
    assert filled.text_input(key="search_field").value == ""


def test_a_url_brings_the_words(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 4})
    app.query_params["search_words"] = "picture 2"
    app.run()

    assert not app.exception
    assert asked(app) == "picture 2"


def test_the_words_are_still_there_after_a_visit_elsewhere(filled: AppTest) -> None:
    ask(filled, "picture 3")
    filled.switch_page("../gallery.py").run()
    filled.switch_page("../search.py").run()

    assert asked(filled) == "picture 3"


def test_words_and_an_image_are_searched_together_and_either_can_be_left_out(filled: AppTest) -> None:
    ask(filled, "picture 3")
    filled.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    filled.run()
    assert "Words and images have the same say" in words(filled)
    assert "query.png" in words(filled)

    press(filled, "Leave out")
    assert "query.png" not in words(filled)
    assert asked(filled) == "picture 3"

    filled.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    filled.run()
    ask(filled, "")
    assert asked(filled) == ""
    assert "query.png" in words(filled)


def test_a_case_takes_the_place_of_the_words(filled: AppTest, home: Path) -> None:
    ask(filled, "picture 3")
    case = Library.open(home / "clinic", encoder=FakeEncoder()).catalog.cases()[0]
    filled.query_params["case"] = case.case_id
    filled.run()
    press(filled, "Find similar")

    assert not filled.exception
    assert asked(filled) == ""
    assert "5 cases, 1 more folded into them, by cosine similarity" in words(filled)


def test_with_an_active_flow_words_are_searched_before_it(app: AppTest, make_library: Callable[..., Path]) -> None:
    library = Library.open(make_library("clinic", {"ear-left": 6}), encoder=FakeEncoder())
    library.flows.put(Flow(VectorField(dim=DIMENSION), flow_id="f" * 12, name="test"))
    library.activate("f" * 12)
    library.close()
    app.run()
    ask(app, "picture 3")

    assert "embeddings before the flow" in words(app)
    assert "Words are compared before the flow" in words(app)
    ask(app, "")
    app.file_uploader[0].upload("query.png", png(picture(500)), "image/png")
    app.run()
    assert "embeddings after the flow" in words(app)


def test_an_encoder_that_cannot_read_is_met_with_words(filled: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_text_tower(self: FakeEncoder, texts: object) -> None:
        raise EncoderError("encoder fake cannot read words; search by image")

    monkeypatch.setattr(FakeEncoder, "encode_texts", no_text_tower)
    ask(filled, "left ear")

    assert not filled.exception
    assert "search by image" in filled.error[0].value.replace("\\", "")
    assert filled.text_input(key="search_field").value == "left ear"


def test_words_with_markup_are_shown_as_text(filled: AppTest) -> None:
    ask(filled, "<b onmouseover=alert(1)> 3")

    assert "&lt;b onmouseover" in words(filled)
    assert "<b onmouseover" not in words(filled)
