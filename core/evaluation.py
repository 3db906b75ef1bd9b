"""What an evaluation says: scores by protocol and space, with what they are worth and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.calibration import Reliability
from core.case import Case
from core.confusion import Confusion, Laterality
from core.outcomes import LevelScores

Split = Literal["test", "val", "train", "all"]

BEFORE, STEP_0, AFTER, RERANKED = "before", "step0", "after", "reranked"
SPACES: Mapping[str, str] = {
    BEFORE: "the encoder's embeddings as they are",
    STEP_0: "one application of the vector field at t = 0, the reference's step 0",
    AFTER: "the end of the flow (RK4)",
    RERANKED: "the end of the flow, re-ranked by class evidence",
}
BASELINES: Mapping[str, str] = {
    "LDA": "linear discriminant analysis, fitted to the training split; its shrinkage chosen on validation",
    "NCA": "neighbourhood components analysis of the first principal components, fitted to the training split",
    "linear map": "one matrix, trained with the flow's own loss and batches",
    "thumbnail": "the pictures at 8 x 8 pixels",
    "untrained": "the same encoder with random weights",
}
LEAVE_ONE_OUT, OTHER_PATIENTS, GALLERY = "leave-one-out", "other-patients", "gallery"
PROTOCOLS: Mapping[str, str] = {
    LEAVE_ONE_OUT: "each query against all other images of the split (the reference method's protocol)",
    OTHER_PATIENTS: "each query against the images of the split that are of other patients",
    GALLERY: "each query against the images of the training split (what a user lives with)",
}
PROTOCOL_NAMES: Mapping[str, str] = {
    LEAVE_ONE_OUT: "leave one out",
    OTHER_PATIENTS: "other patients only",
    GALLERY: "against training images",
}
"""The protocols as people read them, within a sentence."""
LEVELS: Mapping[str, str] = {
    "class": "relevant: the same class",
    "region": "relevant: the same region, whatever the side",
    "finding": "relevant: the same finding in the same region; among the images with a known finding",
}
MEASURE_NAMES: Mapping[str, str] = {
    "recall@1": "Recall@1",
    "recall@5": "Recall@5",
    "recall@10": "Recall@10",
    "mrr": "MRR",
    "map@r": "mAP@R",
    "precision@5": "precision@5",
}
NONE = "none to find"
"""Said in place of the score of a class, region or finding of which no query has any relevant image."""
FEW = 20
"""Groups of queries from which on resampling them says what it claims to, roughly."""
CLIP_SCORE = "class Recall@1, leave-one-out in the split, of the encoder's embeddings before the flow"
FLOW_MATCHING_SCORE = "class Recall@1, leave-one-out in the split, at the end of the flow"


@dataclass(frozen=True)
class Outcome:
    """One query in one space: its nearest reference (None: there was none to compare with), the cosine similarity to
    it, and the rank, from 1, of the first reference of its class (None: no reference is).
    """

    case: Case
    nearest: Case | None
    similarity: float
    rank: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What one query got at one level: the rank, from 1, of its first relevant reference (None: none is), and its part
    of the mAP@R, in [0, 1].
    """

    rank: int | None
    precision: float


@dataclass(frozen=True)
class Evidence:
    """The likeliest class of a query by the re-ranker's class evidence, and the probability in [0, 1] that it gives."""

    case: Case
    label: str
    probability: float


@dataclass(frozen=True)
class SpaceReport:
    """How one space did by one protocol. `levels` has class and region, and finding where findings are known.

    `worst` are the queries whose first right reference comes latest, worst first, none of them right at once.
    `found[level]` has one entry for each of `outcomes`, None where the query does not count at that level; it is empty
    in reports of before.
    """

    levels: Mapping[str, LevelScores]
    confusion: Confusion
    laterality: Laterality
    worst: tuple[Outcome, ...]
    outcomes: tuple[Outcome, ...]
    found: Mapping[str, tuple[Found | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ProtocolReport:
    """One protocol: `queries` against `references`, in each space that exists, and for each baseline.

    `shared_patients` counts the queries that were compared with images of their own patient.
    """

    queries: int
    references: int
    shared_patients: int
    spaces: Mapping[str, SpaceReport]
    baselines: Mapping[str, SpaceReport]


@dataclass(frozen=True)
class Evaluation:
    """What was evaluated and when, and a report by protocol.

    Intervals and tests resample `groups` groups of queries: patients where any are known (`patients_known`), and single
    images where not; intervals of shares are widened as `core.bootstrap.share_interval` has it.
    `seen` counts the queries that the flow was trained on, `chosen` those that its weights and its re-ranking were
    chosen by; both flatter it, and are None where that is not known.
    `calibration` says how far the class probabilities behind the re-ranking can be believed on these queries, and
    `evidence` has them, query by query; it is empty in reports of before.
    """

    library: str
    encoder: str
    flow: str | None
    made_at: str
    split: Split
    queries: int
    groups: int
    patients_known: bool
    protocols: Mapping[str, ProtocolReport]
    seen: int | None = None
    chosen: int | None = None
    calibration: Reliability | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def caution(self) -> str:
        """Why these figures flatter the flow, as a part of a sentence; "" where nothing says that they do."""
        parts = [f"trained on {self.seen}"] if self.seen else []
        parts += [f"chosen, with its re-ranking, by {self.chosen}"] if self.chosen else []
        return f"the flow was {' and '.join(parts)} of these queries, which flatters it" if parts else ""

    @property
    def lead(self) -> str:
        """The protocol to look at first: other patients where they are known, since one's own images flatter."""
        return OTHER_PATIENTS if self.patients_known and OTHER_PATIENTS in self.protocols else LEAVE_ONE_OUT

    @property
    def singly(self) -> int:
        """How many queries are of no known patient, so that each counts as a patient of its own."""
        return sum(not outcome.case.patient for outcome in self.protocols[LEAVE_ONE_OUT].spaces[BEFORE].outcomes)

    @property
    def resampled(self) -> str:
        """What the intervals are over, as a part of a sentence."""
        if not self.patients_known:
            return f"{self.groups} images, since patients are not known"
        known = self.groups - self.singly
        patients = f"{known} patient{'' if known == 1 else 's'}"
        return f"{patients} and {self.singly} images of unknown patients" if self.singly else patients

    @property
    def doubt(self) -> str:
        """What few or unknown patients may do to these figures, as a part of a sentence; "" where nothing."""
        if not self.singly:
            few = (
                f"{self.groups} patients are few to resample: intervals are rough, those of differences and p too small"
            )
            return few if self.groups < FEW else ""
        which = "all" if self.singly == self.queries else f"{self.singly} of"
        return (
            f"patients are unknown of {which} {self.queries} images, which count singly: intervals may be too "
            "narrow, and copies or frames of one person may answer each other"
        )

    @property
    def clip_score(self) -> float | None:
        """CLIP_SCORE, in [0, 1]."""
        return self._recall_at_1(BEFORE)

    @property
    def flow_matching_score(self) -> float | None:
        """FLOW_MATCHING_SCORE, in [0, 1]; None without a flow."""
        return self._recall_at_1(AFTER)

    def _recall_at_1(self, space: str) -> float | None:
        found = self.protocols[LEAVE_ONE_OUT].spaces.get(space)
        return None if found is None else found.levels["class"].overall["recall@1"].value
