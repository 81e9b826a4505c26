"""Serial numbers as moments: dates, times of day and durations, what is taken of them and what a format shows."""

import datetime as dt
from dataclasses import dataclass

from service.spreadsheet.sections import Section

_DAY_MS = 24 * 60 * 60 * 1000
_LEAP_DAY = 60  # 1900-02-29, which Excel counts and no calendar has
_FROM_1904 = 1462  # days between the two ways of counting
_END = 2_958_466  # the first day of the year 10000
_ERAS = (
    (dt.date(2019, 5, 1), "R", "令和"),
    (dt.date(1989, 1, 8), "H", "平成"),
    (dt.date(1926, 12, 25), "S", "昭和"),
    (dt.date(1912, 7, 30), "T", "大正"),
    (dt.date(1868, 1, 25), "M", "明治"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A serial number as a moment. day: the number of its day, None for a time of day or a duration; ms: of that day,
    or in all. is_duration: it may have more than 24 hours. exists: whether a calendar has it.
    """

    day: int | None
    ms: int
    from_1904: bool
    is_duration: bool = False
    exists: bool = True

    @classmethod
    def of(cls, value: float, parts: str, from_1904: bool) -> "Moment":
        """Round a serial number to a thousandth of a second, the finest that Excel shows, and split off the day."""
        if abs(value) >= _END:
            return cls(None, 0, from_1904, exists=False)
        ms = round(value * _DAY_MS)
        if "E" in parts:
            return cls(None, ms, from_1904, is_duration=True)
        day, ms = divmod(ms, _DAY_MS)
        if 0 <= value < 1 and not set("YMD") & set(parts):
            return cls(None, ms, from_1904)
        exists = 0 <= day < _END - _FROM_1904 if from_1904 else 1 <= day < _END and day != _LEAP_DAY
        return cls(day, ms, from_1904, exists=exists)

    @property
    def date(self) -> dt.date | None:
        if self.day is None or not self.exists:
            return None
        days = self.day + (_FROM_1904 if self.from_1904 else int(self.day < _LEAP_DAY))
        return dt.date(1899, 12, 30) + dt.timedelta(days)

    @property
    def clock(self) -> tuple[int, int, int, int]:
        """Hours, minutes, seconds and thousandths."""
        seconds, ms = divmod(abs(self.ms), 1000)
        minutes, seconds = divmod(seconds, 60)
        return minutes // 60, minutes % 60, seconds, ms

    def write(self) -> str:
        """Write it by ISO 8601; a day at midnight is a date."""
        hours, minutes, seconds, ms = self.clock
        sign = "-" if self.ms < 0 else ""
        fraction = f".{ms:03}000" if ms else ""
        time = f"{sign}{hours:0{1 if self.is_duration else 2}}:{minutes:02}:{seconds:02}{fraction}"
        if not (day := self.date):
            return time
        return f"{day.isoformat()}T{time}" if self.ms else day.isoformat()

    def is_shown_by(self, parts: str) -> bool:
        """Whether a format with these parts shows all that `write` says."""
        *_, seconds, ms = self.clock
        wanted = "" if self.day is None else "YMD"
        if self.day is None or self.ms:
            wanted += "HN" + "S" * bool(seconds or ms) + "F" * bool(ms)
        return set(wanted) <= set(parts)


def write_moment(moment: dt.datetime) -> str:
    """Write a moment that a file holds as text, as those that it holds as numbers are written."""
    day, time = moment.date().isoformat(), moment.time().isoformat()
    return f"{day}T{time}" if moment.time() != dt.time() else day


def show_moment(section: Section, moment: Moment, value: float) -> str:
    """What a section shows of a moment; Excel fills the cell where no day is it, but counts a day 0 and a leap day."""
    year, month, day = (moment.date or dt.date(1900, 1, 1)).timetuple()[:3]
    if not moment.exists:
        if moment.day not in (0, _LEAP_DAY) or value < 0:
            return "#####"
        month, day = (2, 29) if moment.day else (1, 0)
    hours, minutes, seconds, ms = moment.clock
    era, letter, since = next(
        ((name, sign, year - start.year + 1) for start, sign, name in _ERAS if (moment.date or dt.date.min) >= start),
        ("", "", year),
    )
    weekday = moment.date.weekday() if moment.date else 0
    hour = (hours % 12 or 12) if section.names("half") else hours % 24
    units = {
        "yyyy": f"{year}",
        "yyy": f"{year}",
        "yy": f"{year % 100:02}",
        "y": f"{year % 100:02}",
        "bb": f"{(year + 543) % 100:02}",
        "bbb": f"{year + 543}",
        "bbbb": f"{year + 543}",
        "g": letter,
        "gg": era[:1],
        "ggg": era,
        "e": f"{since}",
        "ee": f"{since:02}",
        "m": f"{month}",
        "mm": f"{month:02}",
        "mmm": _MONTHS[month - 1][:3],
        "mmmm": _MONTHS[month - 1],
        "mmmmm": _MONTHS[month - 1][:1],
        "d": f"{day}",
        "dd": f"{day:02}",
        "ddd": _WEEKDAYS[weekday][:3],
        "dddd": _WEEKDAYS[weekday],
        "aaa": _KANJI_DAYS[weekday],
        "aaaa": f"{_KANJI_DAYS[weekday]}曜日",
        "h": f"{hour}",
        "hh": f"{hour:02}",
        "n": f"{minutes}",
        "nn": f"{minutes:02}",
        "s": f"{seconds}",
        "ss": f"{seconds:02}",
    }
    elapsed = {"h": hours, "n": hours * 60 + minutes, "s": (hours * 60 + minutes) * 60 + seconds}
    fraction = iter(f"{ms:03}")
    shown = "-" if moment.ms < 0 else ""
    for kind, text in section.tokens:
        if kind == "date":
            shown += units.get(text, "")
        elif kind == "elapsed":
            shown += f"{elapsed[text[0]]:0{len(text)}}"
        elif kind == "half":
            shown += "PM" if hours % 24 >= 12 else "AM"
        else:
            shown += next(fraction, "0") if kind == "digit" else text
    return shown


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KANJI_DAYS = "月火水木金土日"
