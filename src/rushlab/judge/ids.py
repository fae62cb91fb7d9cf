"""Sets of ids as sorted int64 arrays: half a million of them in a few milliseconds.

NumPy's own `unique` and `isin` hash (2.4) and took ten times as long on event ids.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NONE: Ids = np.empty(0, np.int64)


def as_ids(column: pd.Series | pd.Index) -> Ids:
    """A column without gaps as int64."""
    ids: Ids = column.to_numpy(np.int64)
    return ids


def distinct(*parts: Ids) -> Ids:
    """Every id of the parts once, ascending."""
    ids = np.sort(np.concatenate(parts))
    return ids[_first_of_each(ids)]


def repeated(ids: Ids) -> Ids:
    """Every id that is there more than once, ascending."""
    ordered = np.sort(ids)
    return distinct(ordered[~_first_of_each(ordered)])


def contained(ids: Ids, among: Ids) -> Mask:
    """For each of `ids` whether it is among the others."""
    if not len(among):
        return np.zeros(len(ids), np.bool_)
    ordered = np.sort(among)
    at = np.minimum(np.searchsorted(ordered, ids), len(ordered) - 1)
    mask: Mask = ordered[at] == ids
    return mask


def minus(ids: Ids, others: Ids) -> Ids:
    """Every id that is not among the others, once, ascending."""
    one = distinct(ids)
    return one[~contained(one, others)]


def common(ids: Ids, others: Ids) -> Ids:
    """Every id that is among the others too, once, ascending."""
    one = distinct(ids)
    return one[contained(one, others)]


def in_one_only(ids: Ids, others: Ids) -> Ids:
    """Every id that only one of the two has, once, ascending."""
    return distinct(minus(ids, others), minus(others, ids))


def _first_of_each(ordered: Ids) -> Mask:
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return first
