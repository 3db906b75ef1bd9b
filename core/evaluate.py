"""Before and after: how well a library finds what is alike, in every space, by several protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.baselines import Baseline
from core.calibration import Probabilities, Reliability, reliability
from core.catalog import now
from core.confusion import confusion, laterality
from core.evaluation import (
    AFTER,
    BEFORE,
    RERANKED,
    STEP_0,
    Evaluation,
    Evidence,
    Found,
    Outcome,
    ProtocolReport,
    SpaceReport,
    Split,
)
from core.flow import Flow
from core.library import Library
from core.metrics import Rescore
from core.outcomes import MEASURES, Outcomes, outcomes, summarise
from core.rerank import Reranker
from core.run_folder import SPLIT, RunFolder
from core.sample import Part, Sample, Trial, codes, default_split, parts, read_sample, shared_patients, trials
from core.vectors import Matrix

WORST = 10
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Space:
    vectors: Matrix  # (N, D)
    rescore: Rescore | None = None


class _Ticks:
    """Counts what has been measured and tells of it."""

    def __init__(self, on_progress: Progress, total: int) -> None:
        self._told, self._total, self._done = on_progress, total, 0
        on_progress(0, total)

    def __call__(self) -> None:
        self._done += 1
        self._told(self._done, self._total)


def evaluate(
    library: Library,
    split: Split | None = None,
    *,
    flow: Flow | None = None,
    rerank: Rescore | None = None,
    baselines: Mapping[str, Baseline] | None = None,
    on_progress: Progress = lambda done, total: None,
) -> Evaluation:
    """Evaluate `library` on the labelled cases of `split`; on "test" where it has one, else "all", when none is given.

    `flow` adds the spaces at and after it; None: before any flow alone. `rerank` scores references anew after the flow;
    `baselines` are reported beside the library's own spaces. `on_progress` is told how many spaces have been measured,
    once by each protocol, and how many there are. Raises QueryError when there are fewer than two labelled
    cases to compare.
    """
    sample = read_sample(library, split or default_split(library))
    spaces = _spaces(sample.plain, flow, rerank)
    own = _own_queries(library, sample, flow) if flow else {}
    others = {name: _Space(embed(sample.cases)) for name, embed in (baselines or {}).items()}
    compared = trials(sample)
    tick = _Ticks(on_progress, len(compared) * (len(spaces) + len(others)))
    claimed = _claimed(sample, spaces[AFTER].vectors, rerank) if flow and rerank else None
    return Evaluation(
        library=library.name,
        encoder=library.encoder.spec.name,
        flow=flow.flow_id or flow.name if flow else None,
        made_at=now(),
        split=sample.split,
        queries=len(sample.query),
        groups=len(np.unique(sample.patients[sample.query])),
        patients_known=sample.patients_known,
        protocols={name: _protocol(sample, trial, spaces, others, tick) for name, trial in compared.items()},
        seen=own.get("train"),
        chosen=own.get("val"),
        calibration=None if claimed is None else _calibration(sample, claimed),
        evidence=() if claimed is None else _evidence(sample, claimed),
    )


def _own_queries(library: Library, sample: Sample, flow: Flow) -> dict[str, int]:
    """How many of the queries each part of the flow's own split holds; nothing for one that was trained elsewhere."""
    folder = library.flows.root / flow.flow_id
    if not flow.flow_id or not (folder / SPLIT).is_file():
        return {}
    queries = {sample.cases[row].case_id for row in sample.query}
    split = RunFolder(folder).split()
    return {part: len(queries.intersection(split.get(part, ()))) for part in ("train", "val")}


def _claimed(sample: Sample, after: Matrix, rerank: Rescore) -> Probabilities | None:
    """How likely each query is of each class of the taxonomy (Q, C), by the evidence behind the re-ranking."""
    return rerank.head.probabilities(after[sample.query]) if isinstance(rerank, Reranker) else None


def _calibration(sample: Sample, claimed: Probabilities) -> Reliability:
    numbers = {label: number for number, label in enumerate(sample.taxonomy.labels)}
    right = np.array([numbers[sample.levels["class"][row]] for row in sample.query], np.int64)
    return reliability(claimed, right)


def _evidence(sample: Sample, claimed: Probabilities) -> tuple[Evidence, ...]:
    likeliest = zip(sample.query, claimed.argmax(axis=1), claimed.max(axis=1), strict=True)
    labels = sample.taxonomy.labels
    return tuple(Evidence(sample.cases[row], labels[column], float(share)) for row, column, share in likeliest)


def _spaces(plain: Matrix, flow: Flow | None, rerank: Rescore | None) -> dict[str, _Space]:
    spaces = {BEFORE: _Space(plain)}
    if flow is not None:
        after = flow.transform(plain)
        spaces |= {STEP_0: _Space(flow.apply_once(plain)), AFTER: _Space(after)}
        if rerank is not None:
            spaces[RERANKED] = _Space(after, rerank)
    return spaces


def _protocol(
    sample: Sample, trial: Trial, spaces: Mapping[str, _Space], others: Mapping[str, _Space], tick: _Ticks
) -> ProtocolReport:
    found = parts(sample, trial)
    before = [_rank(sample, part, spaces[BEFORE]) for part in found]
    reports = {BEFORE: _report(sample, found, spaces[BEFORE], before, None)}
    tick()
    for name, space in {**spaces, **others}.items():
        if name != BEFORE:
            reports[name] = _report(sample, found, space, [_rank(sample, part, space) for part in found], before)
            tick()
    return ProtocolReport(
        queries=len(trial.query),
        references=len(trial.reference),
        shared_patients=shared_patients(sample, trial),
        spaces={name: reports[name] for name in spaces},
        baselines={name: reports[name] for name in others},
    )


def _rank(sample: Sample, part: Part, space: _Space) -> Outcomes:
    query, reference, keys = part.trial.query, part.trial.reference, part.trial.keys
    names = {level: codes(sample.levels[level]) for level in part.levels}
    levels = {level: (code[query], code[reference]) for level, code in names.items()}
    vectors = space.vectors[query], space.vectors[reference]
    return outcomes(*vectors, levels, keys[query], keys[reference], space.rescore)


def _report(
    sample: Sample, found: list[Part], space: _Space, ranked: list[Outcomes], before: list[Outcomes] | None
) -> SpaceReport:
    levels = {}
    for i, (part, result) in enumerate(zip(found, ranked, strict=True)):
        for level in part.levels:
            names = np.array(sample.levels[level])[part.trial.query]
            against = None if before is None else before[i].values[level]
            scored = result.values[level], result.answerable[level], names, sample.values(level)
            levels[level] = summarise(*scored, part.bootstrap, against)
    single = _single(sample, found[0].trial, space, ranked[0])
    taken_for = [outcome.nearest.label if outcome.nearest else None for outcome in single]
    confused = confusion([outcome.case.label or "" for outcome in single], taken_for, sample.taxonomy)
    late = sorted((o for o in single if (o.rank or 0) > 1), key=lambda o: (-(o.rank or 0), -o.similarity))
    sides, each = laterality(confused, sample.taxonomy), _each(found, ranked)
    return SpaceReport(levels, confused, sides, tuple(late[:WORST]), single, each)


def _each(found: list[Part], ranked: list[Outcomes]) -> dict[str, tuple[Found | None, ...]]:
    """What each query got at every level, None where it does not count; the first part has all of them."""
    first, precise = (list(MEASURES).index(measure) for measure in ("mrr", "map@r"))
    each: dict[str, tuple[Found | None, ...]] = {}
    for part, result in zip(found, ranked, strict=True):
        for level in part.levels:
            pairs = zip(part.trial.query, result.values[level][:, [first, precise]], strict=True)
            got = {row: Found(_rank_of(reciprocal), float(precision)) for row, (reciprocal, precision) in pairs}
            each[level] = tuple(got.get(row) for row in found[0].trial.query)
    return each


def _rank_of(reciprocal: float) -> int | None:
    return round(1 / reciprocal) if reciprocal else None


def _single(sample: Sample, trial: Trial, space: _Space, ranked: Outcomes) -> tuple[Outcome, ...]:
    """What became of each query at class level."""
    rows = trial.reference[ranked.nearest]  # that of -1 is another row, and is not used
    query, reference = space.vectors[trial.query], space.vectors[rows]
    lengths = np.linalg.norm(query, axis=1) * np.linalg.norm(reference, axis=1)
    cosines = (query * reference).sum(axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    first = ranked.values["class"][:, list(MEASURES).index("mrr")]
    found = zip(trial.query, rows, ranked.nearest >= 0, cosines, first, strict=True)
    return tuple(
        Outcome(
            case=sample.cases[own],
            nearest=sample.cases[row] if any_found else None,
            similarity=float(cosine) if any_found else 0.0,
            rank=_rank_of(reciprocal),
        )
        for own, row, any_found, cosine, reciprocal in found
    )
