"""One limit held against one figure."""

from pilot.checks.measured import Measured, Tally
from schemas.checks import Threshold, Verdict


def at_least(measured: Measured, name: str, limit: float, tally: Tally) -> Threshold:
    """The share of right ones; nothing asked keeps no limit."""
    kept = tally.asked > 0 and tally.right >= limit * tally.asked
    return judged(measured, name, limit, tally.right, tally.asked, kept=kept)


def at_most(measured: Measured, name: str, limit: int, k: int, n: int) -> Threshold:
    """A count of what should not have come about, `k` of `n`."""
    return judged(measured, name, limit, k, n, kept=k <= limit)


def every(measured: Measured, name: str, k: int, n: int) -> Threshold:
    """A limit that no gate can lower: all of `n`."""
    return judged(measured, name, 1.0, k, n, kept=k == n)


def within(measured: Measured, name: str, limit: float, figure: float) -> Threshold:
    """A figure that is no count."""
    kept = Verdict.PASS if figure <= limit else Verdict.FAIL
    return Threshold(check=measured.id, name=name, limit=limit, k=0, n=0, measured=figure, verdict=kept)


def judged(measured: Measured, name: str, limit: float, k: int, n: int, *, kept: bool | Verdict) -> Threshold:
    verdict = kept if isinstance(kept, Verdict) else Verdict.PASS if kept else Verdict.FAIL
    share = k / n if n else 0.0
    return Threshold(check=measured.id, name=name, limit=limit, k=k, n=n, measured=share, verdict=verdict)
