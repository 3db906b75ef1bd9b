"""The first start without any library: the demo is made, opened, and says that it is synthetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import NOTICE
from core import demo_library as demo
from core.demo import Demo
from core.settings import get_settings
from core.sources import open_source
from tests.conftest import FakeEncoder
from tests.pages.conftest import visible, wait_for_jobs, words

SYNTHETIC = "Every image in this library is synthetic"


@pytest.fixture
def bundled(home: Path, folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Demo:
    """A bundled demo of five images, made with the fake encoder."""
    for module in ("core.library", "core.encoder"):
        monkeypatch.setattr(f"{module}.CLIPEncoder", lambda *_: FakeEncoder())
    monkeypatch.setattr("core.library.describe", lambda *_: (FakeEncoder.spec, home / "weights"))
    made = Demo(folder_of({"ear-left": 3, "throat": 2}, "demo"), "Demo (synthetic)", "fake", 5)
    made.write()
    monkeypatch.setenv("ENT_DEMO", str(made.folder))
    get_settings.cache_clear()
    return made


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_the_demo_is_opened_at_once_and_says_what_it_is(app: AppTest, bundled: Demo) -> None:
    app.run()
    assert "Opening the demo library" in words(app)
    assert "5 synthetic images" in words(app)

    wait_for_jobs(app)

    assert not app.exception
    assert app.selectbox(key="library").options == ["Demo (synthetic)"]
    assert SYNTHETIC in words(app)
    assert '<span class="ent-tag">synthetic</span>' in words(app)
    assert "of the 5 cases" in words(app)


def test_the_notice_can_be_put_away_for_good_and_the_badge_stays(app: AppTest, bundled: Demo) -> None:
    app.run()
    wait_for_jobs(app)
    press(app, "Got it")
    assert SYNTHETIC not in words(app)

    again = AppTest.from_file(app._script_path, default_timeout=20).run()
    assert SYNTHETIC not in words(again)
    assert '<span class="ent-tag">synthetic</span>' in words(again)


@pytest.mark.parametrize("counts", [{}, {"ear-left": 3}])
def test_what_it_is_for_is_said_with_any_library_until_it_is_put_away(
    app: AppTest, make_library: Callable[..., Path], counts: dict[str, int]
) -> None:
    if counts:
        make_library("clinic", counts)
    app.run()
    assert f"<b>{NOTICE}</b>" in words(app)
    press(app, "Understood")
    assert f"<b>{NOTICE}</b>" not in words(app)

    again = AppTest.from_file(app._script_path, default_timeout=20).run()
    assert f"<b>{NOTICE}</b>" not in words(again)
    assert NOTICE in words(again)  # in the footer, for good


def test_the_demo_can_be_searched_by_words(app: AppTest, bundled: Demo) -> None:
    app.run()
    wait_for_jobs(app)

    app.text_input(key="search_field").set_value("picture 2").run()

    assert not app.exception
    assert "Asked for: “picture 2”" in words(app)
    assert "5 cases by cosine similarity" in words(app)


def test_from_the_demo_a_way_leads_to_a_library_of_ones_own(app: AppTest, bundled: Demo) -> None:
    app.run()
    wait_for_jobs(app)
    press(app, "Make my own library")

    assert "what is imported here lies among synthetic images" in words(app)
    assert "Make library" in [button.label for button in app.button]


def test_one_that_was_cut_short_is_finished_at_the_next_start(
    app: AppTest, bundled: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("core.demo_flow.put_to_use", lambda *_: pytest.exit("killed"))
        with pytest.raises(pytest.exit.Exception):
            demo.open_demo(demo.default_root(), bundled)
    assert not demo.default_root().exists()

    app.run()
    wait_for_jobs(app)

    assert "of the 5 cases" in words(app)


def test_one_of_another_release_is_made_anew_at_the_next_start(app: AppTest, bundled: Demo) -> None:
    root = demo.default_root()
    demo.open_demo(root, replace(bundled, digest="earlier")).close()
    replace(bundled, digest="now").write()

    app.run()
    wait_for_jobs(app)

    assert not app.exception
    assert not demo.is_due(root, replace(bundled, digest="now"))
    assert "of the 5 cases" in words(app)


def test_one_of_another_encoder_that_holds_more_is_kept_and_says_what_to_do(
    app: AppTest, bundled: Demo, folder_of: Callable[..., Path]
) -> None:
    library = demo.open_demo(demo.default_root(), replace(bundled, fingerprint="earlier"))
    with open_source(folder_of({"ear-left": 7}, "mine"), library.taxonomy) as source:
        library.ingest(source)
    library.close()
    replace(bundled, fingerprint="now").write()

    app.run()
    wait_for_jobs(app)

    assert not app.exception
    assert "holds what somebody added" in app.warning[0].value
    assert "of the 7 cases" in words(app)


def test_with_a_library_of_ones_own_no_demo_is_made(
    app: AppTest, bundled: Demo, make_library: Callable[..., Path]
) -> None:
    make_library("clinic", {"ear-left": 3})
    app.run()

    assert not demo.default_root().exists()
    assert "synthetic" not in visible(app)


def test_one_that_cannot_be_made_says_why_and_can_be_tried_again(app: AppTest, bundled: Demo) -> None:
    image = next((bundled.folder / "throat").iterdir())
    data = image.read_bytes()
    image.write_bytes(b"no image")
    app.run()
    wait_for_jobs(app)
    assert "could not be made" in app.error[0].value
    assert "restore that folder" in app.error[0].value

    image.write_bytes(data)
    press(app, "Try again")
    wait_for_jobs(app)

    assert not app.error
    assert "of the 5 cases" in words(app)
