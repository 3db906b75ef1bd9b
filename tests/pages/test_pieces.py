"""The small parts that pages share: jobs, colours, text."""

from __future__ import annotations

import threading
import time

import pytest

from core.errors import LibraryError
from core.taxonomy import ENT
from pages.ui import job_panel, palette, text
from pages.ui.jobs import Job, Jobs, Step

LIGHT, DARK = "#ffffff", "#11171a"
GRAPHICS = 3.0
"""WCAG AA: least contrast of graphical objects against what is beside them."""


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, as WCAG defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def wait(job: Job) -> Job:
    until = time.monotonic() + 5
    while job.running:
        assert time.monotonic() < until
        time.sleep(0.01)
    return job


@pytest.mark.parametrize("colour", [*palette.SERIES, palette.NONE], ids=str)
def test_every_colour_can_be_told_from_either_background(colour: palette.Colour) -> None:
    assert contrast(colour.light, LIGHT) >= GRAPHICS
    assert contrast(colour.dark, DARK) >= GRAPHICS


def test_every_class_has_its_own_colour_and_none_is_grey() -> None:
    colours = [palette.colour_of(ENT, label) for label in ENT.labels]

    assert len(set(colours)) == len(ENT.labels)
    assert palette.colour_of(ENT, None) == palette.colour_of(ENT, "unheard-of") == palette.NONE


def test_markdown_in_text_is_taken_for_what_it_is() -> None:
    assert text.markdown("![x](http://a.b/c) :material/home: $y$") == (
        r"\!\[x\]\(http\:\/\/a\.b\/c\) \:material\/home\: \$y\$"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "less than a second"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_words(seconds: float, said: str) -> None:
    assert text.duration(seconds) == said


@pytest.mark.parametrize(("left", "said"), [(0.2, "7 of 8, less than a second left"), (9, "7 of 8, about 9 s left")])
def test_how_long_a_job_takes_yet_is_words(left: float, said: str) -> None:
    assert job_panel.numbers(Step("reading", 7, 8, seconds_left=left), 1.0) == said


def test_days_are_words_and_what_is_no_day_stays() -> None:
    assert text.day("2024-05-03T10:00:00+00:00") == "3 May 2024"
    assert text.day("spring") == "spring"


def test_a_job_reports_and_ends_with_its_result() -> None:
    jobs = Jobs()
    job = wait(jobs.start("import", "Importing", "lib", lambda job: job.report(Step("Half", 1, 2)) or 42))

    assert (job.state, job.result, job.step.share) == ("done", 42, 0.5)
    assert jobs.of("lib") == [job]
    jobs.dismiss(job.job_id)
    assert jobs.of("lib") == []


def test_of_many_clicks_at_once_one_begins_the_work_and_the_others_get_the_job_that_runs() -> None:
    jobs, hold, ready = Jobs(), threading.Event(), threading.Barrier(8)
    got: list[Job] = []

    def click() -> None:
        ready.wait(5)
        got.append(jobs.start("train", "", "lib", lambda job: hold.wait(5), lambda job: job.kind == "train"))

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert jobs.of("lib") == [got[0]]
    assert all(job is got[0] for job in got)
    hold.set()
    wait(got[0])
    assert wait(jobs.start("train", "", "lib", lambda job: 1, lambda job: job.kind == "train")).result == 1


def test_a_job_can_be_stopped_by_another_session() -> None:
    started = threading.Event()

    def work(job: Job) -> str:
        started.set()
        while not job.should_stop():
            time.sleep(0.01)
        return "partly"

    jobs = Jobs()
    job = jobs.start("import", "Importing", "lib", work)
    assert started.wait(5)
    jobs.of("lib")[0].stop()

    assert (wait(job).state, job.result) == ("stopped", "partly")


def test_a_job_that_fails_says_why_in_words_and_hides_what_was_not_foreseen(caplog: pytest.LogCaptureFixture) -> None:
    def fail(error: Exception) -> object:
        raise error

    expected = wait(Jobs().start("x", "", "", lambda job: fail(LibraryError("the disk is full; make room"))))
    unforeseen = wait(Jobs().start("x", "", "", lambda job: fail(ZeroDivisionError("secret"))))

    assert (expected.state, expected.error) == ("failed", "the disk is full; make room")
    assert unforeseen.state == "failed"
    assert "secret" not in (unforeseen.error or "")
    assert "ZeroDivisionError" in caplog.text


def test_ended_jobs_are_forgotten_at_last_and_running_ones_are_not() -> None:
    jobs, hold = Jobs(), threading.Event()
    running = jobs.start("x", "", "lib", lambda job: hold.wait(5))
    for _ in range(30):
        wait(jobs.start("x", "", "lib", lambda job: None))

    assert len(jobs.of("lib")) <= 22
    assert jobs.running("lib") == [running]
    hold.set()
    wait(running)
