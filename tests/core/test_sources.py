"""Folders, ZIPs, manifests and uploads: what is offered for import, and what is refused in words."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import EntError, ImageError, SourceError, TaxonomyError
from core.imaging import Limits, load_image
from core.library import Library
from core.manifest import CaseFacts
from core.sources import Source, open_archive, open_source, source_of_uploads
from core.taxonomy import ENT
from tests.conftest import picture, png


def opened(path: Path, **options: object) -> Source:
    """The source with all of its images already read, so that nothing needs to stay open."""
    with open_source(path, ENT, **options) as source:
        for item in source.items:
            load_image(item.read())
    return source


def put(root: Path, *names: str) -> Path:
    """Makes images of these names, every one another picture."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(picture(len(name))))
    return root


def packed(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def labels(source: Source) -> dict[str, str | None]:
    return {item.path: item.facts.label for item in source.items}


def reasons(source: Source) -> dict[str, str]:
    return {failure.path: failure.reason for failure in source.failures}


# folders


def test_labels_come_from_the_nearest_folder_that_is_a_class(tmp_path: Path) -> None:
    root = put(tmp_path, "Ear Left/b.png", "Ear Left/a.JPG", "throat/day 1/VC_open/c.png", "throat/day 1/d.png")
    assert labels(opened(root)) == {
        "Ear Left/a.JPG": "ear-left",
        "Ear Left/b.png": "ear-left",
        "throat/day 1/VC_open/c.png": "vc-open",
        "throat/day 1/d.png": "throat",
    }


def test_a_folder_of_one_class_may_be_given_itself(tmp_path: Path) -> None:
    root = put(tmp_path, "Ear Left/a.png", "Ear Left/day 1/b.png", "Ear Left/throat/c.png")
    found = labels(opened(root / "Ear Left"))
    assert found == {"a.png": "ear-left", "day 1/b.png": "ear-left", "throat/c.png": "throat"}


def test_the_rest_is_unlabelled_with_one_note(tmp_path: Path) -> None:
    source = opened(put(tmp_path, "ear-left/a.png", "misc/b.png", "old/2020/c.png", "d.png"))
    assert list(labels(source).values()).count(None) == 3
    (note,) = source.notes
    assert note.startswith(
        "3 images without a label: misc, old/2020, the top folder are no class; the classes are ear-"
    )


def test_what_is_no_image_by_name_is_counted_and_what_is_hidden_is_not(tmp_path: Path) -> None:
    put(tmp_path, "throat/a.png", "throat/.b.png", "__MACOSX/throat/a.png", ".cache/c.png", "throat/Thumbs.db")
    for name in ("notes.txt", "throat/report.pdf"):
        (tmp_path / name).write_text("text")
    source = opened(tmp_path)
    assert list(labels(source)) == ["throat/a.png"]
    assert source.notes == ("2 files left out, whose names are not those of images",)
    assert not source.failures


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    source = opened(tmp_path)
    assert (source.name, source.items, source.failures, source.notes) == (tmp_path.name, (), (), ())


ODD = [
    "a\nb.png",
    "-rf.png",
    "🩺 ổ tai.png",
    "x" * 250 + ".png",
    "quote'\".png",
    " .png",
    "a\x1b[31m.png",
    "con\u202egnp.png",
]


def test_odd_names(tmp_path: Path) -> None:
    put(tmp_path, *(f"throat/{name}" for name in ODD))
    bytes_name = os.fsencode(tmp_path / "throat") + b"/caf\xe9.png"
    with open(bytes_name, "wb") as file:  # noqa: PTH123 (a name that is not UTF-8)
        file.write(png(picture(99)))
    source = opened(tmp_path)
    assert len(source.items) == len(ODD) + 1
    for item in source.items:
        assert item.path.encode()
        assert item.path.isprintable()
    assert "throat/caf\N{REPLACEMENT CHARACTER}.png" in labels(source)
    assert "throat/a b.png" in labels(source)


def test_links_are_followed_only_within_the_source(tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.png", "source/throat/a.png")
    root = tmp_path / "source"
    (root / "throat/inside.png").symlink_to(root / "throat/a.png")
    (root / "throat/outside.png").symlink_to(tmp_path / "outside/secret.png")
    (root / "ear-left").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    (root / "throat/gone.png").symlink_to(root / "throat/nothing.png")
    source = opened(root)
    assert list(labels(source)) == ["throat/a.png", "throat/inside.png"]
    assert reasons(source) == {
        "ear-left": "the link points outside the source; copy the file itself into it",
        "throat/outside.png": "the link points outside the source; copy the file itself into it",
        "throat/gone.png": "the link points to a file that is not there",
    }
    (tmp_path / "shortcut").symlink_to(root)
    assert list(labels(opened(tmp_path / "shortcut"))) == ["throat/a.png", "throat/inside.png"]


def test_libraries_in_a_source_are_left_out(tmp_path: Path, library: Library) -> None:
    put(tmp_path, "throat/a.png", "library/thumbs/b.png")
    (tmp_path / "manifest.csv").write_text("path,label\nthroat/a.png,throat\nb.png,throat\n")
    for _ in range(2):  # with a manifest and without
        source = opened(tmp_path)
        assert list(labels(source)) == ["throat/a.png"]
        assert "the library library was left out; export it to import its cases" in source.notes
        (tmp_path / "manifest.csv").unlink(missing_ok=True)
    with pytest.raises(SourceError, match="is a library, not a folder of images; export it"):
        opened(library.root)


def test_an_unreadable_folder_is_a_failure_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "throat/a.png", "ear-left/b.png")
    real = os.scandir

    def scandir(path: str) -> object:  # chmod does not stop root, who may run these tests
        if str(path).endswith("ear-left"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    source = opened(tmp_path)
    assert list(labels(source)) == ["throat/a.png"]
    assert reasons(source) == {"ear-left": "the folder cannot be read: Permission denied; check who may read it"}


def test_an_unreadable_source_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: str) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(SourceError, match=r"the folder .* cannot be read: Permission denied"):
        opened(tmp_path)


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    put(tmp_path, "throat/a.png")
    os.mkfifo(tmp_path / "throat/pipe.png")
    assert list(labels(opened(tmp_path))) == ["throat/a.png"]


def test_reading_a_file_that_went_or_grew(tmp_path: Path) -> None:
    put(tmp_path, "throat/a.png", "throat/b.png")
    with open_source(tmp_path, ENT, limits=Limits(max_bytes=100_000)) as source:
        (tmp_path / "throat/a.png").unlink()
        (tmp_path / "throat/b.png").write_bytes(bytes(100_001))
        first, second = source.items
        with pytest.raises(FileNotFoundError):
            first.read()
        with pytest.raises(ImageError, match="100,001 bytes, 100,000 are allowed"):
            second.read()


def test_a_single_image(tmp_path: Path) -> None:
    source = opened(put(tmp_path, "throat/a.png") / "throat/a.png")
    assert labels(source) == {"a.png": None}


@pytest.mark.parametrize("name", ["nothing", "nothing.zip", "x" * 300, "\0"])
def test_a_source_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="give a folder, a ZIP, a manifest"):
        opened(tmp_path / name)


def test_a_source_that_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 and so on")
    with pytest.raises(SourceError, match=r"notes\.txt is nothing that can be imported; give a folder"):
        opened(tmp_path / "notes.txt")
    with pytest.raises(SourceError, match=r"broken.zip is no ZIP that can be read: .*; pack it again"):
        opened(tmp_path / "broken.zip")


# manifests


def manifest_in(root: Path, text: str, name: str = "manifest.csv") -> Path:
    root.mkdir(exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    return root / name


def test_a_manifest_is_found_given_or_is_the_source(tmp_path: Path) -> None:
    root = put(tmp_path / "s", "p1/a.png", "p1/b.png", "ear-left/c.png")
    text = "path,label,patient_id\np1/b.png,vc-open,P1\np1/a.png,,P2\n"
    given = manifest_in(tmp_path / "elsewhere", text, "table.csv")
    sources = [opened(root, manifest=given)]
    beside = manifest_in(root, text)
    sources += [opened(root), opened(beside)]
    for source in sources:
        assert [(item.path, item.facts.label, item.facts.patient) for item in source.items] == [
            ("p1/b.png", "vc-open", "P1"),
            ("p1/a.png", None, "P2"),
        ]
        assert not source.failures
        assert source.notes in [
            (f"1 image left out, which {name} does not name",) for name in (beside.name, given.name)
        ]


@pytest.mark.parametrize("name", ["manifest.json", "data.json"])
def test_a_json_manifest_is_found(tmp_path: Path, name: str) -> None:
    root = put(tmp_path, "images/1.png")
    manifest_in(root, json.dumps([{"Path": "1.png", "Classification": "nose-left", "Type": "normal"}]), name)
    source = opened(root)
    assert [(item.path, item.facts) for item in source.items] == [
        ("images/1.png", CaseFacts("nose-left", finding="normal"))
    ]
    assert source.notes == (f"1 image found by file name, in another folder than {name} says",)


def test_rows_that_cannot_be_taken(tmp_path: Path) -> None:
    put(tmp_path, "secret.png")
    root = put(tmp_path / "s", "a.png", "x/b.png", "y/b.png", "c.png", "d.png")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    rows = [
        "a.png,ear-left",
        "./d.png,throat",
        "x\\b.png,throat",
        "nothing.png,throat",
        "b.png,throat",
        "../secret.png,throat",
        "x/../../secret.png,throat",
        f"{tmp_path}/secret.png,throat",
        "C:\\secret.png,throat",
        "..\\secret.png,throat",
        "\\\\server\\secret.png,throat",
        "link.png,throat",
        "c.png,elbow",
        "a.png,ear-left",
        "a.png,ear-right",
    ]
    manifest_in(root, "path,label\n" + "\n".join(rows))
    source = opened(root)
    assert labels(source) == {"a.png": "ear-left", "d.png": "throat", "x/b.png": "throat"}
    found = reasons(source)
    outside = "the path points outside the source; write it relative to the source's folder"
    assert found.pop("c.png").startswith("row 14 of manifest.csv: unknown label 'elbow'; this library knows ear-left, ")
    assert found == {
        "link.png": "the link points outside the source; copy the file itself into it",
        "nothing.png": "row 5 of manifest.csv: there is no such file in the source",
        "b.png": "row 6 of manifest.csv: there are several files of that name: x/b.png, y/b.png; write the folder, too",
        "../secret.png": f"row 7 of manifest.csv: {outside}",
        "x/../../secret.png": f"row 8 of manifest.csv: {outside}",
        f"{tmp_path}/secret.png": f"row 9 of manifest.csv: {outside}",
        "C:\\secret.png": f"row 10 of manifest.csv: {outside}",
        "..\\secret.png": f"row 11 of manifest.csv: {outside}",
        "\\\\server\\secret.png": f"row 12 of manifest.csv: {outside}",
        "a.png": "row 16 of manifest.csv: says something else of the same file than row 2; keep one of them",
    }
    assert source.notes == ("1 image left out, which manifest.csv does not name",)


def test_a_manifest_without_a_path_column_or_that_cannot_be_read(tmp_path: Path) -> None:
    root = put(tmp_path / "s", "a.png")
    with pytest.raises(SourceError, match=r"table.csv has no column path; found: name; expected: path, label"):
        opened(root, manifest=manifest_in(tmp_path / "m", "name\na.png\n", "table.csv"))
    with pytest.raises(SourceError, match=r"the manifest gone.csv cannot be read: .*No such file"):
        opened(root, manifest=tmp_path / "gone.csv")


def test_names_that_look_the_same_are_the_same(tmp_path: Path) -> None:
    root = put(tmp_path, "cafe\u0301.png")
    manifest_in(root, "path,label\ncaf\u00e9.png,throat\n")
    assert list(labels(opened(root)).values()) == ["throat"]


# ZIPs


@pytest.mark.parametrize("with_manifest", [False, True])
def test_a_zip_is_like_the_folder_it_holds(tmp_path: Path, with_manifest: bool) -> None:
    root = put(tmp_path / "cases", "ear-left/a.png", "misc/b.png", "__MACOSX/c.png")
    if with_manifest:
        manifest_in(root, "path,label,split\near-left/a.png,throat,test\nmisc/b.png,,\n")
    folder, archive = opened(root), opened(packed(root, tmp_path / "cases.zip"))
    assert {f"cases/{item.path}": item.facts for item in folder.items} == {i.path: i.facts for i in archive.items}
    assert archive.name == "cases.zip"


def test_a_zip_is_read_from_many_threads(tmp_path: Path) -> None:
    root = put(tmp_path / "cases", *(f"throat/{'i' * (number + 1)}.png" for number in range(20)))
    expected = [(root / "throat" / f"{'i' * (number + 1)}.png").read_bytes() for number in range(20)]
    with open_source(packed(root, tmp_path / "cases.zip"), ENT) as source, ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            read = list(pool.map(lambda item: item.read(), source.items))
            assert sorted(read) == sorted(expected)


def zip_of(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if isinstance(name, str) else None)
    return path


def test_hostile_entries_are_failures(tmp_path: Path) -> None:
    image = png(picture(1))
    link = zipfile.ZipInfo("throat/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    lzma = zipfile.ZipInfo("throat/lzma.png")
    lzma.compress_type = zipfile.ZIP_LZMA
    path = zip_of(
        tmp_path / "hostile.zip",
        ("throat/good.png", image),
        ("../up.png", image),
        ("/root.png", image),
        ("C:/drive.png", image),
        ("throat\\..\\..\\up2.png", image),
        ("throat\\windows.png", image),
        (link, b"/etc/passwd"),
        (lzma, image),
        ("throat/large.png", os.urandom(100_001)),
        ("throat/bomb.png", bytes(4_000_000)),
    )
    source = opened(path, limits=Limits(max_bytes=100_000))
    assert labels(source) == {"throat/good.png": "throat", "throat/windows.png": "throat"}
    outside = "the path points outside the source"
    assert reasons(source) == {
        "../up.png": outside,
        "/root.png": outside,
        "C:/drive.png": outside,
        "throat/../../up2.png": outside,
        "throat/link.png": "a link in the ZIP; pack the file itself",
        "throat/lzma.png": "packed in an unusual way; unpack the ZIP and import the folder",
        "throat/large.png": (
            "the file has 100,001 bytes, 100,000 are allowed; export it smaller, or raise ENT_MAX_BYTES"
        ),
        "throat/bomb.png": "would grow more than a thousandfold when unpacked, as no image does",
    }


def test_an_encrypted_entry_is_a_failure(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", ("throat/a.png", png(picture(1))))
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in the local header
    data[data.rfind(b"PK\1\2") + 8] |= 1  # and in the directory
    path.write_bytes(data)
    assert reasons(opened(path)) == {"throat/a.png": "encrypted in the ZIP; unpack it and import the folder"}


def test_the_header_of_an_entry_is_not_believed(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", ("throat/a.png", os.urandom(1000) * 300))
    data = bytearray(path.read_bytes())
    directory = data.rfind(b"PK\1\2")
    struct.pack_into("<I", data, directory + 24, 5000)  # says that it unpacks to less
    path.write_bytes(data)
    with open_source(path, ENT, limits=Limits(max_bytes=10_000)) as source, pytest.raises(ImageError):
        source.items[0].read()


def test_damage_in_a_zip_is_found_when_read(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", ("throat/a.png", png(picture(1))))
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    with open_source(path, ENT) as source:
        item = source.items[0]
        with pytest.raises(ImageError, match="damaged inside the ZIP; pack it again"):
            item.read()
    with pytest.raises(ImageError):
        item.read()  # closed by now


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.listing.MAX_ENTRIES", 2)
    path = zip_of(tmp_path / "a.zip", *((f"{number}.png", b"") for number in range(3)))
    with pytest.raises(SourceError, match="the ZIP has 3 entries, 2 are allowed; split it"):
        opened(path)


@pytest.fixture(scope="module")
def small_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zip_of(
        tmp_path_factory.mktemp("zip") / "a.zip", ("throat/a.png", png(picture(1, (20, 16)))), ("m.txt", b"x")
    )


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=4),
    end=st.booleans(),
)
def test_damaged_zips_raise_nothing_but_our_errors(
    small_zip: Path, cut: float, flips: list[tuple[float, int]], end: bool
) -> None:
    data = bytearray(small_zip.read_bytes())
    for where, change in flips:
        data[-1 - int(where * 150) if end else int(where * len(data))] ^= change
    if cut < 0.3:
        del data[int(cut * 3 * len(data)) :]
    path = small_zip.with_name("damaged.zip")
    path.write_bytes(data)
    with suppress(EntError, OSError), open_source(path, ENT) as source:  # OSError: an offset before the beginning
        for item in source.items:
            item.read()


# uploads


def test_uploads() -> None:
    data = png(picture(1))
    source = source_of_uploads([("a\nb.png", data), ("throat\\c.png", data)], ENT)
    assert [(item.path, item.facts.label) for item in source.items] == [("a b.png", None), ("throat/c.png", "throat")]
    assert source.items[0].read() == data
    facts = CaseFacts("Ear Left", patient="P1")
    (item,) = source_of_uploads([("throat/c.png", data)], ENT, facts=facts).items
    assert item.facts == CaseFacts("ear-left", patient="P1")
    with pytest.raises(TaxonomyError, match="unknown label 'elbow'"):
        source_of_uploads([], ENT, facts=CaseFacts("elbow"))


def uploads(*names: str) -> list[tuple[str, bytes]]:
    return [(name, png(picture(number))) for number, name in enumerate(names)]


@pytest.mark.parametrize(
    ("table", "begin"),
    [("liste.csv", ""), ("archive/liste.csv", ""), ("archive/tables/liste.csv", ""), ("liste.csv", "archive/")],
)
def test_a_manifest_that_came_with_files_names_them_from_any_folder_above(table: str, begin: str) -> None:
    files = uploads("archive/left/1.png", "archive/right/1.png", "archive/right/2.png")
    rows = f"Bild,label\n{begin}left/1.png,ear-left\n{begin}right/1.png,throat\n"
    columns = {"path": "Bild"}
    source = source_of_uploads(files, ENT, manifest=(table, rows.encode()), columns=columns)

    labels = {item.path: item.facts.label for item in source.items}
    assert labels == {"archive/left/1.png": "ear-left", "archive/right/1.png": "throat"}
    assert source.failures == ()
    assert source.notes == ("1 image left out, which liste.csv does not name",)


def test_files_that_came_without_their_folders_are_found_by_name_where_that_is_enough() -> None:
    files = [*uploads("1.png", "2.png"), ("2.png", png(picture(9)))]
    rows = b"path,label\nleft/1.png,ear-left\nleft/2.png,ear-left\nright/2.png,throat\n"
    source = source_of_uploads(files, ENT, manifest=("archive/liste.csv", rows))

    assert [(item.path, item.facts.label) for item in source.items] == [("1.png", "ear-left")]
    assert [failure.path for failure in source.failures] == ["left/2.png", "right/2.png"]
    assert all("give a folder" in failure.reason for failure in source.failures)


def zip_of_two(**files: bytes) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name, data in {"some/a.png": png(picture(1)), "throat/b.png": png(picture(2)), **files}.items():
            archive.writestr(name, data)
    return found.getvalue()


def test_a_manifest_may_come_beside_a_zip() -> None:
    table = ("liste.csv", b"path,label\nsome/a.png,throat\n")
    with open_archive("cases.zip", zip_of_two(), ENT, manifest=table) as source:
        assert [(item.path, item.facts.label) for item in source.items] == [("some/a.png", "throat")]


def test_what_is_known_of_a_zip_without_a_manifest_holds_for_its_images() -> None:
    known = CaseFacts("Vc-open", patient="P1")
    with open_archive("cases.zip", zip_of_two(), ENT, facts=known) as source:
        assert {item.facts for item in source.items} == {CaseFacts("vc-open", patient="P1")}
        assert source.notes == ()
    with open_archive("cases.zip", zip_of_two(**{"manifest.csv": b"path\nsome/a.png\n"}), ENT, facts=known) as source:
        assert [item.facts for item in source.items] == [CaseFacts()]


def test_real_folders(real_images: Path, tmp_path: Path) -> None:
    with open_source(real_images / "entrep_sample", ENT) as source:
        assert len(source.items) == 36
        assert {item.facts.label for item in source.items} == set(ENT.labels)
        assert not source.failures
        assert not source.notes
    frames = sorted(
        path.relative_to(real_images / "vocalfolds") for path in (real_images / "vocalfolds").rglob("*.jpg")
    )
    rows = "".join(f"{path.as_posix()},{path.parts[0]}\n" for path in frames)
    table = manifest_in(tmp_path, "path,patient_id\n" + rows)
    with open_source(real_images / "vocalfolds", ENT, manifest=table) as source:
        assert {item.facts.patient for item in source.items} == {"patient1", "patient2"}
        assert (len(source.items), source.failures, source.notes) == (128, (), ())


def test_a_zip_that_came_as_bytes_is_read_without_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("throat/a.png", png(picture(1)))
    monkeypatch.setattr("tempfile.mkdtemp", lambda *_, **__: pytest.fail("a folder was made"))
    with open_archive("folder/cases.zip", packed.getvalue(), ENT) as source:
        assert source.name == "cases.zip"
        assert [(item.path, item.facts.label) for item in source.items] == [("throat/a.png", "throat")]
        assert source.items[0].read() == png(picture(1))
    with pytest.raises(SourceError, match=r"broken\.zip is no ZIP"), open_archive("broken.zip", b"PK", ENT):
        pass
