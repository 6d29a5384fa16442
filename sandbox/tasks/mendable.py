"""Small functions that are right: the repair tasks break them. Their source is what a mended module holds.

Nothing here calls anything else of this package, and each function stands alone: its text is copied into workspaces.
"""

from __future__ import annotations


def moving_mean(values: list[float], size: int) -> list[float]:
    """The mean of every `size` neighbouring values, rounded to two decimals; empty when there are fewer."""
    means = []
    for start in range(len(values) - size + 1):
        window = values[start : start + size]
        means.append(round(sum(window) / size, 2))
    return means


def pages(items: list[str], size: int) -> list[list[str]]:
    """The items in their order, `size` on a page, what is left on the last one."""
    count = -(-len(items) // size)
    return [items[number * size : (number + 1) * size] for number in range(count)]


def merge_spans(spans: list[list[int]]) -> list[list[int]]:
    """Spans that overlap or touch become one; the result is sorted."""
    merged: list[list[int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return merged


def make_slug(title: str) -> str:
    """Letters and digits in lower case, anything between them as one hyphen, none at the ends."""
    words: list[str] = []
    word = ""
    for letter in title.lower():
        if letter.isalnum():
            word += letter
        elif word:
            words.append(word)
            word = ""
    if word:
        words.append(word)
    return "-".join(words)


def to_minutes(text: str) -> int:
    """`2h05m`, `3h` or `45m` in minutes."""
    hours, minutes = 0, 0
    number = ""
    for letter in text:
        if letter.isdigit():
            number += letter
        elif letter == "h":
            hours, number = int(number), ""
        elif letter == "m":
            minutes, number = int(number), ""
    return hours * 60 + minutes


def to_roman(number: int) -> str:
    """A number from 1 to 3999 in Roman digits."""
    signs = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")]
    signs += [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    text = ""
    for value, sign in signs:
        while number >= value:
            text += sign
            number -= value
    return text


def find_place(values: list[int], wanted: int) -> int:
    """The index of a value in a sorted list, -1 when it is not there."""
    low, high = 0, len(values) - 1
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == wanted:
            return middle
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def split_fields(line: str) -> list[str]:
    """The fields of a line with commas; a quoted field may hold commas, a doubled quote in it stands for one."""
    fields: list[str] = []
    field, quoted, place = "", False, 0
    while place < len(line):
        letter = line[place]
        if quoted and letter == '"' and line[place + 1 : place + 2] == '"':
            field += '"'
            place += 1
        elif letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            fields.append(field)
            field = ""
        else:
            field += letter
        place += 1
    fields.append(field)
    return fields


def share_out(total: int, weights: list[int]) -> list[int]:
    """Whole parts of a total by weight that add up to it; what rounding leaves goes to the largest remainders."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    rest = [(total * weight % whole, -place) for place, weight in enumerate(weights)]
    for _, place in sorted(rest, reverse=True)[: total - sum(parts)]:
        parts[-place] += 1
    return parts


def ranks(scores: list[int]) -> list[int]:
    """The place of every score, the highest first; equal scores share a place and the next ones are skipped."""
    order = sorted(scores, reverse=True)
    return [order.index(score) + 1 for score in scores]


def in_order(needs: dict[str, list[str]]) -> list[str]:
    """Every name after all that it needs, by alphabet where that leaves a choice; empty when they go in a circle."""
    done: list[str] = []
    left = sorted(needs)
    while left:
        free = [name for name in left if all(other in done for other in needs[name])]
        if not free:
            return []
        done.append(free[0])
        left.remove(free[0])
    return done


def run_lengths(text: str) -> str:
    """Runs of one letter as letter and number, a single letter without a number: `aaab` is `a3b`."""
    out, count = "", 0
    for place, letter in enumerate(text):
        count += 1
        if place + 1 == len(text) or text[place + 1] != letter:
            out += letter + (str(count) if count > 1 else "")
            count = 0
    return out


def stock_after(stock: dict[str, int], orders: list[list[str]]) -> dict[str, int]:
    """What is left after orders of name and number, taken in turn; an order that asks for too much is skipped whole."""
    left = dict(stock)
    for name, text in orders:
        wanted = int(text)
        if left.get(name, 0) >= wanted:
            left[name] = left[name] - wanted
    return {name: count for name, count in left.items() if count > 0}
