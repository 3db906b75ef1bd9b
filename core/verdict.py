"""What an evaluation comes to, in a sentence: for who reads one line only."""

from __future__ import annotations

from core.bootstrap import PairedTest
from core.evaluation import AFTER, BEFORE, MEASURE_NAMES, PROTOCOL_NAMES, RERANKED, Evaluation, ProtocolReport

CHANCE = 0.05
"""The p above which a difference is called one that chance explains."""
BESIDE = ("recall@5", "map@r")
LEAST_TOLD = 0.005
"""What would be 0.00 is not worth a word."""


def in_a_sentence(evaluation: Evaluation, protocol: str, level: str) -> str:
    """How many nearest neighbours are right at that level before and after the flow, and what beside them changes.

    By that protocol, and it says by which: the same flow may be better by one and worse by another.
    """
    report = evaluation.protocols[protocol]
    spaces, what = report.spaces, level if level in ("class", "region") else "finding"
    before = spaces[BEFORE].levels[level]
    n, first = before.queries, before.overall["recall@1"].value
    asked = f"{n} queries ({PROTOCOL_NAMES[protocol]})"
    plain = f"The nearest neighbour is of the right {what} for {round(first * n)} of {asked}"
    if AFTER not in spaces:
        return f"{plain}, by the embeddings as they are."
    space = RERANKED if RERANKED in spaces else AFTER
    scores = spaces[space].levels[level]
    hits = round(scores.overall["recall@1"].value * n)
    ending = " and re-ranking" if space == RERANKED else ""
    said = f"{plain} before the flow, for {hits} after it{ending}: {verdict(scores.tests['recall@1'])}."
    return f"{said}{_besides(report, level, space)}"


def verdict(test: PairedTest) -> str:
    """A paired test in words."""
    if test.difference == 0:
        return "no difference"
    way = "better" if test.difference > 0 else "worse"
    if test.p > CHANCE:
        return f"{way}, but chance explains that too (p = {test.p:.2f})"
    return f"{way}, and not by chance (p {'< 0.01' if test.p < 0.01 else f'= {test.p:.2f}'})"


def _besides(report: ProtocolReport, level: str, space: str) -> str:
    """What the nearest neighbour alone does not tell, where it differs by more than chance; a sentence, or ""."""
    levels = report.spaces[space].levels
    first = levels[level].tests["recall@1"]
    others = [(MEASURE_NAMES[name], levels[level].tests[name]) for name in BESIDE]
    if level == "class" and "finding" in levels:
        others.append(("Recall@1 by finding", levels["finding"].tests["recall@1"]))
    told = [
        f"{name} is {abs(test.difference):.2f} {'higher' if test.difference > 0 else 'lower'}"
        for name, test in others
        if abs(test.difference) >= LEAST_TOLD
        and test.p <= CHANCE
        and (first.p > CHANCE or test.difference * first.difference < 0)
    ]
    return f" Beyond chance, {', '.join(told)}." if told else ""
