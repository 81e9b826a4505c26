"""Masked answers: the shape stays (length, punctuation, the first and last character), the rest is hidden."""

import re

FEWEST = 6  # characters that are hidden or would be; of a shorter answer none is shown
# Everything but white space and punctuation: letters and digits of any script, marks, symbols. A `*` counts as hidden.
_HIDDEN = re.compile(r"[^\s!-)+-/:-@\[-`{-~、。・「」（）＠．－]")


def mask(answer: str) -> str:
    """`taro.yamada@example.co.jp` -> `t***.******@*******.**.*p`. Masking what is masked changes nothing."""
    hidden, count = _HIDDEN.subn("*", answer)
    first, last = _HIDDEN.search(answer), _HIDDEN.search(answer[::-1])
    if count < FEWEST or first is None or last is None:
        return hidden
    start, end = first.start(), len(answer) - 1 - last.start()
    return hidden[:start] + answer[start] + hidden[start + 1 : end] + answer[end] + hidden[end + 1 :]
