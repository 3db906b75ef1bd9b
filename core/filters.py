"""What a search or a gallery is narrowed to; `core.selection` says the same in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from core.errors import QueryError, TaxonomyError
from core.taxonomy import Taxonomy

UNLABELLED = ""
"""The value that stands for "has none" in every filter."""


@dataclass(frozen=True)
class Filters:
    """Values a case must have: one of those given for each field; a field without values does not restrict.

    `since` and `until` are ISO dates (YYYY-MM-DD) of the examination, both included; "" does not restrict.
    """

    label: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    finding: tuple[str, ...] = ()
    patient: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    """Ids, where only some cases chosen by hand are wanted; not a field that people filter by."""
    since: str = ""
    until: str = ""

    @classmethod
    def parse(cls, terms: Sequence[str], taxonomy: Taxonomy) -> Filters:
        """Filters from `field=value` terms; terms of one field are alternatives, of dates the last counts.

        Raises QueryError naming the known fields or values when a term fits none.
        """
        filters = cls()
        for term in terms:
            field, equals, value = (part.strip() for part in term.partition("="))
            known = ", ".join((*FIELDS, *DATES))
            if not equals:
                raise QueryError(f"filter {term!r} is not FIELD=VALUE; fields: {known}")
            if field not in (*FIELDS, *DATES):
                raise QueryError(f"there is no field {field!r} to filter by; fields: {known}")
            if field == "label" and value:
                value = _label(value, taxonomy)
            chosen: Any = _date(value) if field in DATES else (*getattr(filters, field), value)
            filters = replace(filters, **{field: chosen})
        filters.labels(taxonomy)
        return filters

    def __bool__(self) -> bool:
        return any(getattr(self, field) for field in (*FIELDS, *DATES, "cases"))

    @property
    def digest(self) -> str:
        """Another one for all other filters, short also where they name cases by the thousand."""
        return f"{replace(self, cases=())!r} {_digest(self.cases)}"

    @property
    def beyond_class(self) -> bool:
        """Whether anything but label, region and side restricts."""
        return bool(self.split or self.finding or self.patient or self.cases or self.since or self.until)

    def labels(self, taxonomy: Taxonomy) -> tuple[str, ...] | None:
        """The labels that label, region and side leave, "" standing for unlabelled; None when they do not restrict.

        Raises QueryError when a value is not of this taxonomy.
        """
        if not (self.label or self.region or self.side):
            return None
        for field, known in (("label", (*taxonomy.labels, "")), ("region", taxonomy.regions), ("side", taxonomy.sides)):
            for value in getattr(self, field):
                if value not in known:
                    raise QueryError(f"unknown {field} {value!r}; known: {', '.join(k for k in known if k)}")
        wanted = self.label or taxonomy.labels
        allowed = {c.name for c in taxonomy.classes if _fits(c.region, self.region) and _fits(c.side, self.side)}
        if not (self.region or self.side):
            allowed.add(UNLABELLED)
        return tuple(label for label in dict.fromkeys(wanted) if label in allowed)


DATES = ("since", "until")
FIELDS = tuple(f.name for f in fields(Filters) if f.name not in (*DATES, "cases"))
EVERYTHING = Filters()


@lru_cache(maxsize=16)
def _digest(case_ids: tuple[str, ...]) -> str:
    """Of ids by the thousand, which pages ask for at every click."""
    return blake2b("\n".join(case_ids).encode()).hexdigest()


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise QueryError(f"{text!r} is no date; write it as YYYY-MM-DD") from error


def _label(text: str, taxonomy: Taxonomy) -> str:
    """The label that is meant, by name or title; as it is written where there is none, which is told later."""
    try:
        return taxonomy.parse(text)
    except TaxonomyError:
        return text


def _fits(value: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or value in wanted
