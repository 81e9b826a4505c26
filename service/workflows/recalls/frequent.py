"""The commonest of many, in bounded space: Misra and Gries's summary (Science of Computer Programming 2, 1982), merged
as Agarwal et al. show (*Mergeable Summaries*, ACM TODS 38, 2013).
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def merged(one: Mapping[K, int], other: Mapping[K, int], most: int) -> tuple[dict[K, int], int]:
    """Both counts together, of at most `most` keys, and how much was taken off every count to get there. No count is
    too high; over any history of merges, none lacks more than the sum of what was taken off, which is at most the
    number of all things counted over `most` + 1.
    """
    total = dict(one)
    for key, count in other.items():
        total[key] = total.get(key, 0) + count
    if len(total) <= most:
        return total, 0
    cut = sorted(total.values(), reverse=True)[most]
    return {key: count - cut for key, count in total.items() if count > cut}, cut
