"""The answer to the session's query: one ranking, or those before and after the flow, and its results as cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.folding import Fold
from pages.ui import asking, history
from pages.ui.resources import OpenLibrary
from pages.ui.search_options import Options

if TYPE_CHECKING:
    from core.index import Space
    from core.search import SearchResult

Cards = tuple[Fold, ...]


@dataclass(frozen=True)
class Ranking:
    """What was found in one space, and all of it as cards, of which a page shows the first."""

    result: SearchResult
    cards: Cards


@dataclass(frozen=True)
class Answer:
    """The rankings, that before the flow first where there are two, and how was asked."""

    rankings: tuple[Ranking, ...]
    options: Options

    @property
    def result(self) -> SearchResult:
        """What was found: after the flow, where there are two rankings."""
        return self.rankings[-1].result

    @property
    def before(self) -> SearchResult | None:
        """What was found before the flow, where there are two rankings."""
        return self.rankings[0].result if len(self.rankings) > 1 else None

    def shown(self, ranking: Ranking) -> Cards:
        """As many of its cards as are asked for."""
        return ranking.cards[: self.options.top_k]


def search(library: OpenLibrary, options: Options) -> Answer:
    """The answer to the session's query; where there is none, the page ends here with the reason."""
    depth = asking.depth(options)
    answer = _searched(library, options, depth)
    while depth < asking.DEEPEST and any(_too_few(ranking, options, depth) for ranking in answer.rankings):
        depth = min(asking.DEEPEST, asking.FOLDED * depth)
        answer = _searched(library, options, depth)
    history.remember()
    return answer


def _searched(library: OpenLibrary, options: Options, depth: int) -> Answer:
    spaces: tuple[Space, ...] = ("before", "after") if options.view == "both" else (options.view,)
    found = [asking.search(library, options, space, depth) for space in spaces]
    return Answer(tuple(map(Ranking, found, _cards(library, options, found))), options)


def _cards(library: OpenLibrary, options: Options, found: list[SearchResult]) -> tuple[Cards, ...]:
    """The results as cards: those that show the same in one, where that is asked for."""
    if options.fold:
        return library.folding.together(*(result.hits for result in found))
    return tuple(tuple(map(Fold.alone, result.hits)) for result in found)


def _too_few(ranking: Ranking, options: Options, depth: int) -> bool:
    """Whether there are fewer cards than asked for, and a deeper search may find more."""
    return len(ranking.cards) < options.top_k and len(ranking.result.hits) == depth
