"""Tables of cases: what is understood, and what is said of rows that are not."""

from __future__ import annotations

import json

import pytest

from core.errors import SourceError
from core.manifest import CaseFacts, Manifest, read_manifest
from core.taxonomy import ENT

HEADER = "path,label,finding,patient_id,description,description_en,exam_date,split\n"
ROW = "a/1.png,ear-left,otitis,P1,mô tả,described,2023-01-31,train\n"
FACTS = CaseFacts("ear-left", "otitis", "P1", "mô tả", "described", "2023-01-31", "train")


def read(text: str | bytes, name: str = "manifest.csv") -> Manifest:
    return read_manifest(text.encode() if isinstance(text, str) else text, name, ENT)


def facts_of(text: str) -> CaseFacts:
    (row,) = read(text).rows
    return row.facts


def reason(text: str) -> str:
    manifest = read(text)
    assert not manifest.rows
    (failure,) = manifest.failures
    return f"{failure.path}: {failure.reason}"


@pytest.mark.parametrize(
    "data",
    [
        (HEADER + ROW).encode(),
        b"\xef\xbb\xbf" + (HEADER + ROW).encode(),
        (HEADER + ROW).replace(",", ";").encode(),
        (HEADER + ROW).replace(",", "\t").encode(),
        (HEADER + ROW).replace("\n", "\r\n").encode(),
        ("\n\n" + HEADER.upper() + "\n" + ROW + "\n,,,,\n").encode(),
        (HEADER + ROW).replace("mô tả", '"mô\ntả"').encode(),
        (HEADER.replace("patient_id", " Patient ID ") + ROW).encode(),
    ],
)
def test_csv_as_people_write_it(data: bytes) -> None:
    manifest = read(data)
    assert [(row.path, row.facts) for row in manifest.rows] == [("a/1.png", FACTS)]
    assert not manifest.failures


def test_csv_that_is_not_utf_8() -> None:
    (row,) = read("path;finding\n1.png;Kehlkopfentzündung\n".encode("cp1252")).rows
    assert row.facts.finding == "Kehlkopfentzündung"


def test_json_lists_and_lines_in_the_form_of_entrep() -> None:
    records = [
        {
            "Path": "1.png",
            "Classification": "nose-right",
            "Type": "abnormal",
            "Description": "mũi",
            "DescriptionEN": "nose",
        },
        {"Path": "2.png", "Classification": None, "Type": float("nan"), "Description": 7},
    ]
    lines = "\n".join(json.dumps(record) for record in records)
    for text in (json.dumps(records), json.dumps(records, indent=2), lines, "\ufeff" + lines + "\n\n"):
        first, second = read(text, "data.json").rows
        assert (first.path, first.facts) == ("1.png", CaseFacts("nose-right", "abnormal", None, "mũi", "nose"))
        assert (second.number, second.facts) == (2, CaseFacts(description="7"))


def test_german_names_and_dates_are_understood() -> None:
    table = "Datei;Klasse;Befund;Patient;Datum;Beschreibung\na.png;throat;normal;P1;31.1.2023;gut\n"
    assert facts_of(table) == CaseFacts("throat", "normal", "P1", "gut", exam_date="2023-01-31")
    assert facts_of("Bild,Diagnose\na.png,polyp\n") == CaseFacts(finding="polyp")


def test_a_row_without_a_label_is_welcome() -> None:
    assert facts_of("path,finding\n1.png,polyp\n") == CaseFacts(finding="polyp")
    assert facts_of("path,label\n1.png,\n") == CaseFacts()
    assert facts_of("path,label,split\n1.png\n") == CaseFacts()
    assert facts_of("path,label\n1.png, Ear_Left \n") == CaseFacts("ear-left")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\nx,ear-left\n", "has no column path; found: name, label; expected: path, label, finding"),
        ("", "has no column path; found: none"),
        ("\0\1\2", "has no column path"),
        ("[]", "has no column path"),
        ("[1, 2]", "is no list of objects"),
        ('[{"label": "ear-left"}]', "has no column path; found: label"),
        ('{"path": "1.png"}\n{oops}\n', "is neither JSON nor JSON lines: line 2"),
        ("[" * 100_000, "is n"),
        ('{"a":' * 100_000, "is n"),
    ],
)
def test_a_table_that_is_none(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "path,label\n1.png,elbow\n",
            "1.png: row 2 of manifest.csv: unknown label 'elbow'; this library knows ear-left,",
        ),
        ("path,label\n,ear-left\n", "manifest.csv: row 2 of manifest.csv: the path is empty"),
        ("path,exam_date\n1.png,31/01/2023\n", "exam_date '31/01/2023' is no date; write it as YYYY-MM-DD"),
        ("path,exam_date\n1.png,2023-02-30\n", "exam_date '2023-02-30' is no date"),
        ("path,exam_date\n1.png,2023-02/03\n", "exam_date '2023-02/03' is no date"),
        ("path,split\n1.png,holdout\n", "split 'holdout' is none of train, val, test"),
        (f"path,finding\n1.png,{'x' * 140_000}\n", "row 2 of manifest.csv: the row is no CSV that can be read"),
    ],
)
def test_a_row_that_is_wrong(text: str, message: str) -> None:
    assert message in reason(text)


def test_one_wrong_row_does_not_stop_the_others() -> None:
    manifest = read(f"path,label\n1.png,elbow\n2.png,throat\n,\n3.png,{'x' * 140_000}\n4.png,vc-open\n")
    assert [(row.number, row.path) for row in manifest.rows] == [(3, "2.png"), (6, "4.png")]
    assert [failure.reason[:5] for failure in manifest.failures] == ["row 2", "row 5"]


@pytest.mark.parametrize("written", ["2023-01-31", "2023/01/31", "20230131"])
def test_dates(written: str) -> None:
    assert facts_of(f"path,exam_date\n1.png,{written}\n").exam_date == "2023-01-31"


@pytest.mark.parametrize(
    ("written", "split"),
    [("Train", "train"), ("valid", "val"), ("validation", "val"), ("DEV", "val"), ("test", "test")],
)
def test_splits(written: str, split: str) -> None:
    assert facts_of(f"path,split\n1.png,{written}\n").split == split


def test_values_are_made_fit_to_be_shown() -> None:
    facts = facts_of(
        f'path,finding,description,patient_id\n1.png,"a\x00\x1b[31m\tb\u202ec",{"d" * 20_000},{"p" * 500}\n'
    )
    assert facts.finding == "a[31m bc"
    assert len(facts.description or "") == 10_000
    assert len(facts.patient or "") == 200
    assert read('[{"path": "1.png", "finding": "\\ud800x"}]').rows[0].facts.finding == "\N{REPLACEMENT CHARACTER}x"
