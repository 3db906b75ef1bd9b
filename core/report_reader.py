"""A stored evaluation read back, so that it is drawn without being measured again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.bootstrap import Interval, PairedTest
from core.calibration import Bin, Reliability
from core.case import Case
from core.confusion import Confusion, Laterality
from core.errors import QueryError
from core.evaluation import Evaluation, Evidence, Found, Outcome, ProtocolReport, SpaceReport
from core.outcomes import MEASURES, LevelScores, Score, Scores

BESIDE_LEVELS = {"outcomes", "found", "confusion", "laterality", "worst"}


def read_report(data: Mapping[str, Any], cases: Mapping[str, Case]) -> Evaluation:
    """The evaluation in what `report_json` made with outcomes; `cases` are the library's, by id.

    Raises QueryError when it is not one, or a case of it is no longer there.
    """
    try:
        own = {**data["protocol"], "spaces": data["spaces"], "baselines": data["baselines"]}
        protocols = {own["name"]: own, **data["other_protocols"]}
        return Evaluation(
            library=data["library"],
            encoder=data["encoder"],
            flow=data["flow"],
            made_at=data["made_at"],
            split=data["split"],
            queries=data["queries"],
            groups=data["resampled"]["groups"],
            patients_known=data["resampled"]["of"] == "patients",
            protocols={name: _protocol(found, cases) for name, found in protocols.items()},
            seen=data["seen"],
            chosen=data.get("chosen"),  # not in reports of before
            calibration=_calibration(data["calibration"]),
            evidence=tuple(Evidence(cases[case], *said) for case, *said in data.get("evidence", ())),  # nor is this
        )
    except (KeyError, TypeError, ValueError) as error:
        raise QueryError(
            f"the stored evaluation does not fit this library any more ({error}); evaluate again"
        ) from error


def _protocol(data: Mapping[str, Any], cases: Mapping[str, Case]) -> ProtocolReport:
    return ProtocolReport(
        queries=data["queries"],
        references=data["references"],
        shared_patients=data["shared_patients"],
        spaces={name: _space(found, cases) for name, found in data["spaces"].items()},
        baselines={name: _space(found, cases) for name, found in data["baselines"].items()},
    )


def _space(data: Mapping[str, Any], cases: Mapping[str, Case]) -> SpaceReport:
    outcomes = tuple(_outcome(entry, cases) for entry in data["outcomes"])
    by_case = {outcome.case.case_id: outcome for outcome in outcomes}
    confused, sides = data["confusion"], data["laterality"]
    return SpaceReport(
        levels={name: _level(found) for name, found in data.items() if name not in BESIDE_LEVELS},
        confusion=Confusion(tuple(confused["labels"]), tuple(map(tuple, confused["counts"]))),
        laterality=Laterality(sides["sided"], sides["region_right"], sides["side_right"]),
        worst=tuple(by_case[entry["case_id"]] for entry in data["worst"]),
        outcomes=outcomes,
        found={level: tuple(map(_found, found)) for level, found in data.get("found", {}).items()},  # not before
    )


def _outcome(entry: tuple[str, str | None, float, int | None], cases: Mapping[str, Case]) -> Outcome:
    case_id, nearest, similarity, rank = entry
    return Outcome(cases[case_id], None if nearest is None else cases[nearest], similarity, rank)


def _found(entry: tuple[int | None, float] | None) -> Found | None:
    return None if entry is None else Found(*entry)


def _level(data: Mapping[str, Any]) -> LevelScores:
    return LevelScores(
        queries=data["queries"],
        unanswerable=data["unanswerable"],
        overall=_scores(data),
        macro=_scores(data["macro"]),
        each={name: _scores(found) for name, found in data["each"].items()},
        counts={name: found["queries"] for name, found in data["each"].items()},
        tests={
            measure: PairedTest(found["difference"], _interval(found["ci"]), found["p"])
            for measure, found in data["against_before"].items()
        },
    )


def _scores(data: Mapping[str, Any]) -> Scores:
    return {measure: Score(data[measure], _interval(data[f"{measure}_ci"])) for measure in MEASURES}


def _interval(ends: list[float] | None) -> Interval | None:
    return None if ends is None else Interval(*ends)


def _calibration(data: Mapping[str, Any] | None) -> Reliability | None:
    return None if data is None else Reliability(tuple(Bin(**entry) for entry in data["bins"]), data["ece"])
