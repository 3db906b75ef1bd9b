"""The Library page: what an import would do, what a manifest's columns mean, backups, and taking a library away."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import NOTICE
from core.backup import restore_backup
from core.errors import LibraryError
from core.ingest_report import IngestReport, Twin
from core.library import Library
from core.listing import SourceFailure
from core.swap import set_apart
from pages.ui import import_result, library_list, resources, tasks
from tests.conftest import FakeEncoder, picture, png
from tests.pages.conftest import visible, wait_for_jobs


def visit(app: AppTest) -> AppTest:
    app.run()
    return app.switch_page("../library.py").run()


def click(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def backup_to(root: Path) -> str:
    return f"backup_to_{resources.library_id_of(root)}"


def popovers(app: AppTest) -> dict[str, bool]:
    return {block.proto.popover.label: block.proto.popover.open for block in app.get("popover")}


def remove_name(root: Path) -> str:
    return f"remove_name_{resources.library_id_of(root)}"


def test_a_dry_run_tells_what_an_import_would_do_and_then_does_it(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    for number, folder in ((1, "throat"), (700, "throat"), (701, "vc-open")):
        (tmp_path / "new" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "new" / folder / f"{number}.png").write_bytes(png(picture(number)))
    (tmp_path / "new" / "throat" / "bad.png").write_text("no picture")
    visit(app)

    app.text_input(key="import_path").set_value(str(tmp_path / "new")).run()
    app.button(key="plan_path").click().run()
    wait_for_jobs(app)

    assert not app.exception
    assert [metric.value for metric in app.metric] == ["2", "1", "1"]
    assert Library.open(root, encoder=FakeEncoder()).info().cases == 3
    app.button(key="plan_path").click().run()
    wait_for_jobs(app)
    library_id = resources.library_id_of(root)
    assert len(resources.jobs().of(library_id)) == 1  # the first one, and the files it holds, were put away
    click(app, "Import now")
    wait_for_jobs(app)
    assert [metric.value for metric in app.metric] == ["2", "1", "1"]
    assert Library.open(root, encoder=FakeEncoder()).info().cases == 5


def test_a_dry_run_of_files_counts_images_and_archives_together(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("throat/700.png", png(picture(700)))
        archive.writestr("throat/bad.png", "no picture")
    visit(app)
    uploader = next(one for one in app.file_uploader if one.label.startswith("Images, folders or ZIP files"))
    uploader.upload("1.png", png(picture(1)), "image/png").upload("701.png", png(picture(701)), "image/png")
    uploader.upload("more.zip", (tmp_path / "more.zip").read_bytes(), "application/zip")
    app.run()

    app.button(key="plan_files").click().run()
    wait_for_jobs(app)

    assert [metric.value for metric in app.metric] == ["2", "1", "1"]
    assert Library.open(root, encoder=FakeEncoder()).info().cases == 3
    click(app, "Import now")
    wait_for_jobs(app)
    assert Library.open(root, encoder=FakeEncoder()).info().labels == {"ear-left": 3, "throat": 1}
    assert app.button(key="plan_files").disabled  # nothing lies in the form any more


def test_a_manifest_dropped_with_its_images_says_what_is_known_of_them(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    visit(app)
    table = b"Bild,label,patient_id\nleft/a.png,throat,P1\nright/a.png,vc-open,P2\ngone.png,throat,P3\n"

    app.selectbox(key="import_label").set_value("ear-left").run()
    uploader = next(one for one in app.file_uploader if one.label.startswith("Images, folders or ZIP files"))
    uploader.upload("old/left/a.png", png(picture(700)), "image/png")
    uploader.upload("old/right/a.png", png(picture(701)), "image/png")
    uploader.upload("old/liste.csv", table, "text/csv")
    app.run()
    next(box for box in app.selectbox if box.key.startswith("import_column_path_")).set_value("Bild").run()
    assert "import_label" not in [box.key for box in app.selectbox]  # the manifest says it
    app.button(key="plan_files").click().run()
    wait_for_jobs(app)
    assert not app.exception
    assert [metric.value for metric in app.metric] == ["2", "0", "1"]

    click(app, "Import now")
    wait_for_jobs(app)
    library = Library.open(root, encoder=FakeEncoder())
    assert library.info().labels == {"ear-left": 3, "throat": 1, "vc-open": 1}
    assert {case.patient for case in library.catalog.cases() if case.label != "ear-left"} == {"P1", "P2"}


def test_a_table_among_the_files_that_is_no_manifest_can_be_left_out(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    visit(app)
    uploader = next(one for one in app.file_uploader if one.label.startswith("Images, folders or ZIP files"))
    uploader.upload("throat/a.png", png(picture(700)), "image/png").upload("notes.csv", b"a,b\n1,2\n", "text/csv")
    app.run()
    app.selectbox(key="import_files_manifest").set_value("").run()
    click(app, "Import files")
    wait_for_jobs(app)

    assert not app.exception
    assert Library.open(root, encoder=FakeEncoder()).info().labels == {"ear-left": 3, "throat": 1}


def test_what_was_typed_is_there_after_a_visit_to_another_page(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    make_library("clinic", {"ear-left": 3, "throat": 3})
    table = tmp_path / "liste.csv"
    table.write_text("Bild,Struktur\na.png,throat\n")
    visit(app)
    typed = {"import_path": str(tmp_path), "import_manifest": str(table), "new_name": "Ward", "new_weights": "/w"}
    typed |= {"open_folder": "/somewhere"}
    for key, text in typed.items():
        app.text_input(key=key).set_value(text)
    app.run()
    app.selectbox(key=f"import_column_path_{table}").set_value("Bild")
    app.selectbox(key="import_label").set_value("throat")
    app.radio(key="new_encoder").set_value("another").run()
    app.text_input(key="new_other").set_value("ViT-B-16/openai").run()

    app.switch_page("../training.py").run()
    app.number_input(key="training_epochs_default").set_value(7)
    app.number_input(key="training_rate_default").set_value(0.01).run()
    app.switch_page("../gallery.py").run()
    app.switch_page("../training.py").run()
    assert next(fold for fold in app.expander if fold.label == "Advanced").proto.expanded
    assert app.number_input(key="training_epochs_default").value == 7
    assert app.number_input(key="training_rate_default").value == 0.01

    app.switch_page("../library.py").run()
    assert not app.exception
    for key, text in (typed | {"new_other": "ViT-B-16/openai"}).items():
        assert app.text_input(key=key).value == text
    assert app.selectbox(key=f"import_column_path_{table}").value == "Bild"
    assert app.selectbox(key="import_label").value == "throat"
    assert app.radio(key="new_encoder").value == "another"


def test_the_form_of_a_library_is_empty_once_that_is_made(app: AppTest, make_library: Callable[..., Path]) -> None:
    make_library("clinic", {"ear-left": 3})
    visit(app)
    app.text_input(key="new_name").set_value("Ward")
    app.radio(key="new_encoder").set_value("ent-mini").run()
    click(app, "Make library")
    wait_for_jobs(app)

    assert not app.exception
    assert sorted(app.selectbox(key="library").options) == ["Ward", "clinic"]
    assert app.text_input(key="new_name").value == ""


def test_failures_of_the_same_kind_are_one_row(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 3})
    failures = tuple(
        SourceFailure(f"{n}.png", f"row {n} of m.csv: there is no such file in the source") for n in range(2, 102)
    )
    alone = SourceFailure("z.png", "row 200 of m.csv: unknown label 'elbow'")
    report = IngestReport(0, 0, 101, (*failures, alone), (), (), 0, False, 1.0)
    resources.jobs().start(tasks.IMPORT, "Import", resources.library_id_of(root), lambda job: [report])
    wait_for_jobs(visit(app))

    assert not app.exception
    (table,) = app.dataframe
    assert table.value["Why"].tolist() == ["m.csv: there is no such file in the source", alone.reason]
    assert table.value["Files"].tolist() == ["100", "1"]
    assert table.value["Which"].tolist()[0].startswith("2.png, 3.png, ")
    assert table.value["Which"].tolist()[0].endswith(" and 50 more")
    assert [button.proto.label for button in app.get("download_button")] == ["All of them (CSV)"]


def test_columns_that_are_not_known_by_name_are_chosen(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.png").write_bytes(png(picture(800)))
    table = tmp_path / "new" / "liste.csv"
    table.write_text("Bild,Struktur\na.png,throat\n")
    visit(app)

    app.text_input(key="import_path").set_value(str(table)).run()
    app.selectbox(key=f"import_column_path_{table}").set_value("Bild").run()
    app.selectbox(key=f"import_column_label_{table}").set_value("Struktur").run()
    click(app, "Import from this machine")
    wait_for_jobs(app)

    assert not app.exception
    assert Library.open(root, encoder=FakeEncoder()).info().labels == {"ear-left": 3, "throat": 1}


def test_no_import_begins_before_the_column_of_the_images_is_chosen(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    make_library("clinic", {"ear-left": 3})
    visit(app)
    uploader = next(one for one in app.file_uploader if one.label.startswith("Images, folders or ZIP files"))
    uploader.upload("a.png", png(picture(700)), "image/png").upload(
        "liste.csv", b"Wo,Klasse\na.png,throat\n", "text/csv"
    )
    app.run()
    assert "First choose, above, the column with the image files." in visible(app)
    assert app.button(key="plan_files").disabled
    box = next(box for box in app.selectbox if box.key.startswith("import_column_label_"))
    assert box.value == "Klasse"  # guessed

    next(box for box in app.selectbox if box.key.startswith("import_column_path_")).set_value("Wo").run()
    assert "First choose" not in visible(app)
    assert not app.button(key="plan_files").disabled


@pytest.mark.parametrize("name", ["liste.jsonl", "liste.csv"])
def test_the_columns_of_a_manifest_too_long_for_its_preview_are_told(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    make_library("clinic", {"ear-left": 3})
    rows = [{"Prüfung": "a.png", "label": "throat", "note": "ä" * 498}] * 2000
    written = [json.dumps(row, ensure_ascii=False) for row in rows]
    if name.endswith(".csv"):
        written = ["Prüfung,label,note", *(",".join(row.values()) for row in rows)]
    (tmp_path / name).write_text("\n".join(written), encoding="utf-8")
    visit(app)
    app.text_input(key="import_path").set_value(str(tmp_path / name)).run()
    assert not app.error
    assert app.selectbox(key=f"import_column_path_{tmp_path / name}").options == ["none", "Prüfung", "label", "note"]


def test_a_library_is_backed_up_and_deleted_only_by_its_name(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    visit(app)

    app.text_input(key=backup_to(root)).set_value(str(tmp_path / "kept.zip")).run()
    click(app, "Write the backup")
    wait_for_jobs(app)
    assert "kept" in app.success[0].value

    app.text_input(key=remove_name(root)).set_value("another").run()
    click(app, "Delete for good")
    assert "Nothing was deleted" in app.error[0].value
    assert root.is_dir()
    app.text_input(key=remove_name(root)).set_value("clinic").run()
    click(app, "Delete for good")
    wait_for_jobs(app)
    assert not app.exception
    assert not root.exists()
    assert "Make a library" in visible(app)
    restore_backup(tmp_path / "kept.zip", root)
    assert resources.open_library(root).count() == 3


@pytest.mark.parametrize("dropped", [False, True])
def test_a_backup_is_put_back_under_another_name_and_used(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path, dropped: bool
) -> None:
    root, kept = make_library("clinic", {"ear-left": 3}), tmp_path / "kept.zip"
    Library.open(root, encoder=FakeEncoder()).backup(kept)
    visit(app)
    if dropped:
        uploader = next(one for one in app.file_uploader if one.label.startswith("Backup"))
        uploader.upload("kept.zip", kept.read_bytes(), "application/zip")
    else:
        app.text_input(key="restore_path").set_value(f'"{kept}"')
    app.text_input(key="restore_name").set_value("Ward").run()
    click(app, "Put it back")
    wait_for_jobs(app)

    assert not app.exception
    assert not app.error
    assert sorted(app.selectbox(key="library").options) == ["Ward", "clinic"]
    assert app.selectbox(key="library").value == resources.library_id_of(root.parent / "ward")
    assert resources.open_library(root.parent / "ward").count() == 3
    assert [app.text_input(key=key).value for key in ("restore_path", "restore_name")] == ["", ""]


def test_what_is_no_backup_or_lacks_a_name_is_refused_in_words(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    make_library("clinic", {"ear-left": 3})
    (tmp_path / "text.zip").write_text("no archive")
    visit(app)
    for path, name, said in (
        ("", "Ward", "drop a backup, or give its path"),
        (str(tmp_path / "gone.zip"), "Ward", "there is nothing at"),
        (str(tmp_path / "text.zip"), "", "give the library a name"),
        (str(tmp_path / "text.zip"), "clinic", "the name 'clinic' is taken here; give the library another name"),
        (str(tmp_path / "text.zip"), "Ward", "cannot be restored"),
    ):
        app.text_input(key="restore_path").set_value(path)
        app.text_input(key="restore_name").set_value(name).run()
        click(app, "Put it back")
        wait_for_jobs(app) if said == "cannot be restored" else None
        assert not app.exception
        assert said in app.error[0].value.replace("\\", "")
    assert app.selectbox(key="library").options == ["clinic"]


def test_a_library_that_could_not_be_made_is_told_where_it_was_asked_for(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    roots = [make_library(name, {"ear-left": 3}) for name in ("clinic", "ward")]
    visit(app)
    app.text_input(key="new_name").set_value("Ward").run()
    click(app, "Make library")
    assert app.error[0].value.replace("\\", "") == "the name 'Ward' is taken here; give the library another name"

    app.text_input(key="new_name").set_value("Archive")
    app.radio(key="new_encoder").set_value("clip-vit-b-32").run()
    click(app, "Make library")
    wait_for_jobs(app)
    assert "New library Archive: failed" in visible(app).replace("\\", "")
    assert len(app.error) == 2  # on top, and in the form
    for root, told in zip(reversed(roots), (False, True), strict=True):
        app.selectbox(key="library").set_value(resources.library_id_of(root)).run()
        assert bool(app.error) == told
        assert ("New library Archive" in visible(app)) == told


def test_a_backup_is_suggested_under_the_name_of_the_library_in_use(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    roots = [make_library(name, {"ear-left": 3}) for name in ("clinic", "ward")]
    visit(app)
    for root in roots:
        app.selectbox(key="library").set_value(resources.library_id_of(root)).run()
        assert Path(app.text_input(key=backup_to(root)).value).name.startswith(f"{root.name}-2")


def test_a_library_that_is_worked_on_is_not_deleted(app: AppTest, make_library: Callable[..., Path]) -> None:
    root = make_library("clinic", {"ear-left": 3})
    visit(app)
    app.text_input(key=remove_name(root)).set_value("clinic").run()
    other_tab = tasks.start(tasks.IMPORT, "Import of a", resources.library_id_of(root), lambda job: job._stop.wait(60))
    click(app, "Delete for good")
    other_tab.stop()

    assert "Import of a is under way" in app.error[0].value
    wait_for_jobs(app)
    assert resources.open_library(root).count() == 3


def test_a_library_is_deleted_when_its_writer_has_finished_and_others_stay_open(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    root, other = make_library("clinic", {"ear-left": 3}), make_library("other", {"throat": 2})
    stays, goes = resources.open_library(other), resources.open_library(root)
    visit(app)
    app.text_input(key=remove_name(root)).set_value("clinic").run()
    with goes.engine.lock.held():
        click(app, "Delete for good")
        assert not app.exception
        assert root.is_dir()
        job = resources.jobs().running(goes.library_id)[0]
        until = time.monotonic() + 20
        while not job.step.words.startswith("Waiting for other work of this program"):
            assert time.monotonic() < until
            time.sleep(0.01)
    wait_for_jobs(app)

    assert not app.exception
    assert not root.exists()
    assert app.selectbox(key="library").options == ["other"]
    assert resources.open_library(other) is stays
    assert resources.jobs().of(goes.library_id) == []


def test_a_removed_library_is_told_once_and_the_next_one_asks_anew(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    root, other = make_library("clinic", {"ear-left": 3}), make_library("other", {"throat": 2})
    visit(app)
    app.session_state[f"remove_{resources.library_id_of(root)}"] = True
    app.run()
    app.text_input(key=remove_name(root)).set_value("Clinic").run()
    click(app, "Delete for good")
    assert popovers(app)["Remove"]  # so that what was refused is read
    assert [one.value.replace("\\", "") for one in app.error] == [
        "Nothing was deleted: “Clinic” is not its name. Type clinic, letter by letter."
    ]
    app.text_input(key=remove_name(root)).set_value("clinic").run()
    click(app, "Delete for good")
    said, put = [one.value for one in app.success], app.selectbox(key="library").proto.set_value
    wait_for_jobs(app)
    said = [*said, *(one.value for one in app.success)]
    assert not app.exception
    assert not app.warning
    assert said == ["“clinic” was removed. In use now: other."]
    box = app.selectbox(key="library")
    assert box.value == resources.library_id_of(other)
    assert put or box.proto.set_value  # else the browser goes on showing the title that stood there
    assert not popovers(app)["Remove"]
    assert app.text_input(key=remove_name(other)).value == ""
    assert not app.run().success


def test_while_a_library_is_being_deleted_the_next_one_is_in_use(
    app: AppTest, make_library: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, other = make_library("clinic", {"ear-left": 3}), make_library("other", {"throat": 2})
    closed, go_on = threading.Event(), threading.Event()

    def slowly(root: Path, beside: Path) -> Path:
        closed.set()
        assert go_on.wait(60)
        return set_apart(root, beside=beside)

    monkeypatch.setattr("core.removal.set_apart", slowly)
    visit(app)
    app.text_input(key=remove_name(root)).set_value("clinic").run()
    click(app, "Delete for good")
    assert closed.wait(60)
    app.run()
    assert not app.exception
    assert not app.warning
    assert app.selectbox(key="library").options == ["other"]
    assert "Deletion of clinic" in visible(app)
    assert "This library cannot be" not in visible(app)
    app.switch_page("../search.py").run()
    assert not app.exception
    assert "What are you looking for" in visible(app)
    go_on.set()
    wait_for_jobs(app)
    assert [one.value for one in app.success] == ["“clinic” was removed. In use now: other."]
    assert other.is_dir()


def test_a_library_elsewhere_is_taken_out_of_the_list_and_left_alone(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path
) -> None:
    inside = make_library("clinic", {"ear-left": 3})
    outside = inside.rename(tmp_path / "outside")
    library_list.remember_elsewhere(outside)
    visit(app)

    click(app, "Take out of the list")
    assert not app.exception
    assert not app.warning
    assert "“clinic” was taken out of the list" in app.success[0].value
    assert outside.is_dir()
    assert library_list.libraries() == []


def test_a_library_that_cannot_be_reached_is_told_and_taken_out_of_the_list(
    app: AppTest, make_library: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = make_library("share", {"ear-left": 3}).rename(tmp_path / "share")
    make_library("clinic", {"ear-left": 3})
    library_list.remember_elsewhere(outside)
    real = Path.stat

    asked: list[Path] = []

    def stale(self: Path, **options: bool) -> os.stat_result:
        if outside in (self, *self.parents):
            asked.append(self)
            raise OSError(errno.ESTALE, "Stale file handle")
        return real(self, **options)

    monkeypatch.setattr(Path, "stat", stale)
    visit(app)
    assert not app.exception
    assert app.selectbox(key="library").options == ["clinic"]
    assert "cannot be reached: Stale file handle" in app.warning[0].value
    assert len(asked) == 1  # each may take a share that is down half a minute
    keys = [button.key for button in app.button if button.label == "Take out of the list"]
    assert f"forget_{outside}" in keys  # its own: a second click must not take the next one out

    click(app, "Take out of the list")
    assert not app.exception
    assert not app.warning
    assert library_list.unreachable() == []


@pytest.mark.parametrize("written", ["~nobody-of-that-name/x", "x" * 300, "a\0b"])
def test_a_path_that_the_system_refuses_is_refused_in_words(
    app: AppTest, make_library: Callable[..., Path], written: str
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    visit(app)

    for field, button in (
        ("import_path", "Import from this machine"),
        ("open_folder", "Open library"),
        (backup_to(root), "Write the backup"),
    ):
        app.text_input(key=field).set_value(written)
        click(app, button)
        assert not app.exception
        assert "cannot be used as a path" in app.error[0].value.replace("\\", "")
        app.text_input(key=field).set_value("").run()


def test_a_running_job_stays_in_sight_however_many_came_after_it(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    library_id = resources.library_id_of(make_library("clinic", {"ear-left": 3}))
    running = tasks.start(tasks.IMPORT, "Import of a", library_id, lambda job: job._stop.wait(60))
    for number in range(5):
        resources.jobs().start(tasks.PLAN, f"Dry run {number}", library_id, lambda job: None)
    visit(app)

    titles = [button.key for button in app.button if button.key and button.key.startswith(("stop_", "dismiss_"))]
    assert titles[0] == f"stop_{running.job_id}"
    assert len(titles) == 1 + 3
    app.button(key=titles[0]).click().run()
    wait_for_jobs(app)
    assert running.state == "stopped"


def test_of_a_long_result_the_browser_gets_a_part_and_the_whole_as_a_file(
    app: AppTest, make_library: Callable[..., Path]
) -> None:
    root = make_library("clinic", {"ear-left": 3})
    twins = tuple(Twin(f"{number}.png", "a" * 16, "first.png", label_differs=not number) for number in range(450))
    failures = (SourceFailure("=1+1.png", "no image"),)
    report = IngestReport(0, len(twins), 1, failures, twins, (), 0, False, 1.0)
    resources.jobs().start(tasks.IMPORT, "Import", resources.library_id_of(root), lambda job: [report])
    wait_for_jobs(visit(app))

    assert not app.exception
    assert [len(table.value) for table in app.dataframe] == [1, 200]
    assert "The first 200 of 450." in visible(app)
    assert [button.proto.label for button in app.get("download_button")] == ["All of them (CSV)"]
    lines = import_result._csv(import_result.TWINS, twins).decode().splitlines()
    assert len(lines) == 1 + 450
    assert lines[0] == "File,Is the same picture as,Notice"
    assert lines[1] == f'0.png,first.png (case aaaaaa). It has another label there.,"{NOTICE}"'
    assert import_result._csv(import_result.FAILURES, failures).decode().endswith(f'\'=1+1.png,no image,"{NOTICE}"\n')


def test_who_looks_at_a_library_that_another_session_deletes_is_told_in_words(
    make_library: Callable[..., Path],
) -> None:
    library = resources.open_library(make_library("clinic", {"ear-left": 3}))
    resources.close_library(library)
    with pytest.raises(LibraryError, match="closed meanwhile"):
        library.count()
    assert resources.opened(library.library_id) is None
