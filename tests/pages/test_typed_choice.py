"""Filters by a field with more values than are sent to the browser: one types a value, or how it begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.proto.SelectWidgetFilterMode_pb2 import FILTER_MODE_PREFIX
from streamlit.testing.v1 import AppTest

from pages.ui import filters
from tests.pages.conftest import words

KEY = "gallery_patient"


@pytest.fixture
def gallery(app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The gallery of seven cases of the patients p0, p1 and p2, more than are listed."""
    monkeypatch.setattr(filters, "MOST_LISTED", 2)
    make_library("clinic", {"ear-left": 4, "throat": 3})
    app.run()
    return app.switch_page("../gallery.py").run()


def typed(app: AppTest, *values: str) -> AppTest:
    return app.multiselect(key=KEY).set_value(list(values)).run()


def test_values_beyond_some_hundred_are_typed_and_not_sent(gallery: AppTest) -> None:
    assert gallery.multiselect(key=KEY).options == []
    assert gallery.multiselect(key="gallery_label").options  # few: they are listed as ever

    typed(gallery, "P1")

    assert not gallery.exception
    assert "2 cases of 7" in words(gallery)
    assert gallery.multiselect(key=KEY).value == ["p1"]


def test_listed_patients_are_found_by_how_they_begin_and_never_taken_all_at_once(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    make_library("clinic", {"ear-left": 4, "throat": 3})
    app.run()
    app.switch_page("../gallery.py").run()

    listed = app.multiselect(key=KEY)
    assert listed.options == sorted(listed.options)
    assert listed.proto.filter_mode == FILTER_MODE_PREFIX
    assert not listed.proto.select_all


def test_an_unknown_value_is_answered_in_words(gallery: AppTest) -> None:
    typed(gallery, "p1", "<b>p99")

    assert not gallery.exception
    assert "No patient &lt;b&gt;p99 in this library." in words(gallery)
    assert "2 cases of 7" in words(gallery)


def test_the_beginning_of_a_few_offers_them(gallery: AppTest) -> None:
    typed(gallery, "p")
    assert "No patient p in this library." in words(gallery)

    next(button for button in gallery.button if button.label == "p2").click().run()

    assert gallery.multiselect(key=KEY).value == ["p2"]
    assert "2 cases of 7" in words(gallery)
    assert "No patient" not in words(gallery)


def test_two_beginnings_of_the_same_values_are_both_answered(gallery: AppTest) -> None:
    typed(gallery, "p", "P")

    assert not gallery.exception
    assert "No patient p in this library." in words(gallery)
    assert "No patient P in this library." in words(gallery)


def test_typed_values_come_by_a_url_and_stay_on_the_way_to_another_page(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MOST_LISTED", 2)
    make_library("clinic", {"ear-left": 4, "throat": 3})
    app.run()
    app.query_params[KEY] = ["p0", "p99"]
    app.switch_page("../gallery.py").run()
    assert app.multiselect(key=KEY).value == ["p0", "p99"]
    assert "3 cases of 7" in words(app)
    assert "No patient p99" in words(app)

    app.switch_page("../search.py").run()
    app.switch_page("../gallery.py").run()

    assert not app.exception
    assert "3 cases of 7" in words(app)
