"""Families of tasks on text files: logs, notes, settings, lists. Solved in Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from .family import Family, Kind, Scene, Slots, filled

FIELD = "text processing"

PARTS = "auth billing cart catalog gateway mailer queue search session storage upload worker".split()
LEVELS = ("INFO", "INFO", "INFO", "DEBUG", "WARNING", "ERROR")
EVENTS = (
    "request finished", "cache refreshed", "connection reset", "token renewed", "job accepted", "retry scheduled",
    "upstream slow", "payload rejected", "lock released", "index rebuilt",
)  # fmt: skip
NAMES = "ada bo carla dmitri elif farid greta hugo ines jonas keiko lars mona nils olga pavel quinn rosa".split()
HOSTS = ("example.org", "example.com", "example.net")
NOUNS = (
    "harbor lantern meadow copper signal orchard marble tunnel feather compass granite willow anchor ribbon canyon "
    "velvet beacon thistle saddle lagoon ember quartz timber canvas glacier"
).split()
_TEXT = "with open(<file>) as file:\n    text = file.read()\n"
_LINES = "with open(<file>) as file:\n    lines = file.read().splitlines()\n"
_SAVE = "with open(<out>, 'w') as file:\n    file.write('\\n'.join(result) + '\\n')\n"
_DUMP = "import json\nwith open(<out>, 'w') as file:\n    json.dump(result, file, indent=1)\n"


def log_scene(random: Random) -> Scene:
    """A log: time, level, part, event, milliseconds."""
    parts = random.sample(PARTS, 5)
    moment = datetime(2025, random.randint(1, 12), random.randint(1, 28), random.randint(0, 20))  # noqa: DTZ001 -- a log without a zone
    lines: list[str] = []
    for _ in range(random.randint(50, 90)):
        moment += timedelta(seconds=random.randint(1, 90))
        event = f"{random.choice(EVENTS)} after {random.randint(2, 4000)} ms"
        lines.append(f"{moment.isoformat()} {random.choice(LEVELS)} {random.choice(parts)}: {event}")
    file = f"{random.choice(('logs/', '', 'var/'))}{random.choice(parts)}-{moment:%m%d}.log"
    about = {"file": file, "part": random.choice(parts), "parts": parts}
    return Scene({file: _joined(lines)}, about)


def prose_scene(random: Random) -> Scene:
    """A note in Markdown with headings, mail addresses, days and repeated words."""
    words = random.sample(NOUNS, 12)
    lines = [f"# {random.choice(words).title()} {random.randint(2, 99)}", ""]
    for _ in range(random.randint(5, 8)):
        lines += [f"{'#' * random.randint(2, 4)} {random.choice(words).title()} {random.choice(words)}", ""]
        for _ in range(random.randint(3, 5)):
            picked = " ".join(random.choice(words) for _ in range(random.randint(4, 9)))
            mail = f"{random.choice(NAMES)}.{random.choice(words)}@{random.choice(HOSTS)}"
            day = f"{random.randint(1, 28):02}.{random.randint(1, 12):02}.2025"
            account = f"AC-{random.randint(10000, 99999)}"
            lines.append(
                random.choice((f"The {picked}, ask {mail}.", f"On {day} the {picked}.", f"{account}: {picked}."))
            )
        lines.append("")
    lines += [
        f"Contact {mail_} from {day_}, account AC-{random.randint(10000, 99999)}." for mail_, day_ in _sure(random)
    ]
    file = f"{random.choice(('notes/', '', 'docs/'))}{random.choice(words)}.md"
    return Scene({file: _joined(lines)}, {"file": file})


def _sure(random: Random) -> list[tuple[str, str]]:
    """A mail address twice and a day, so that every task has something to find."""
    mail = f"{random.choice(NAMES)}.desk@{random.choice(HOSTS)}"
    return [(mail, f"{random.randint(1, 28):02}.{month:02}.2025") for month in random.sample(range(1, 13), 2)]


def list_scene(random: Random) -> Scene:
    """A list of names with repeats, in any case, a few lines blank."""
    pool = [f"{random.choice(NAMES)} {random.choice(NOUNS)}" for _ in range(18)]
    lines = [
        random.choice((str.title, str.lower, str.upper))(random.choice(pool)) for _ in range(random.randint(30, 50))
    ]
    lines += [lines[0], lines[3].swapcase()]
    for _ in range(4):
        lines.insert(random.randrange(len(lines)), "")
    file = f"{random.choice(('guests', 'members', 'entrants', 'callers'))}_{random.randint(2, 98)}.txt"
    return Scene({file: _joined(lines)}, {"file": file})


def settings_scene(random: Random) -> Scene:
    """Settings in sections, with comments, and a template with gaps that they fill."""
    lines = [f"; {random.choice(NOUNS)} {random.randint(1, 99)}"]
    names: list[str] = []
    for section in random.sample(PARTS, 4):
        lines += ["", f"[{section}]"]
        for key in random.sample(("port", "host", "limit", "timeout", "mode", "path", "owner"), 4):
            value = random.choice((str(random.randint(2, 9000)), random.choice(NOUNS)))
            lines.append(f"{key} = {value}" + (f"  # {random.choice(NOUNS)}" if random.random() < 0.4 else ""))
            names.append(f"{section}.{key}")
    file = f"{random.choice(NOUNS)}.ini"
    picked = random.sample(names, 6)
    template = [f"{random.choice(NOUNS).title()} {number}: {{{{{name}}}}}" for number, name in enumerate(picked, 1)]
    return Scene({file: _joined(lines), "page.tmpl": _joined(template)}, {"file": file})


def fields_scene(random: Random) -> Scene:
    """Records with semicolons, and the same keys with prices in JSON."""
    codes = random.sample(range(100, 999), random.randint(20, 30))
    lines = ["code;name;shelf;count"]
    lines += [
        f"P{code};{random.choice(NOUNS)};{random.choice('ABCDE')}{random.randint(1, 9)};{random.randint(0, 80)}"
        for code in codes
    ]
    file = f"{random.choice(('stock', 'parts', 'goods', 'spares'))}_{random.randint(1, 28):02}.txt"
    prices = {f"P{code}": round(random.uniform(1, 90), 2) for code in codes}
    return Scene({file: _joined(lines), "prices.json": json.dumps(prices, indent=1).encode()}, {"file": file})


def _joined(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _asking(ending: str) -> Callable[[Scene, Random], Slots]:
    """A name for what is written, a level, a part, and small numbers."""

    def ask(scene: Scene, random: Random) -> Slots:
        about = scene.about
        return {
            "file": about["file"],
            "part": random.choice(about.get("parts", ["-"])),
            "level": random.choice(("INFO", "ERROR", "WARNING", "DEBUG")),
            "ms": str(random.randint(12, 30) * 100),
            "top": str(random.randint(3, 8)),
            "length": str(random.randint(5, 6)),
            "depth": str(random.randint(2, 3)),
            "shelf": random.choice("ABCDE"),
            "out": f"{random.choice(('out', 'clean', 'result', 'list', 'new'))}_{random.randint(10, 99)}.{ending}",
        }

    return ask


def _family(
    name: str,
    scene: Callable[[Random], Scene],
    wordings: tuple[str, ...],
    right: str,
    wrong: str,
    *,
    label: str = "",
    ending: str = "txt",
) -> Family:
    kind: Kind = "answer" if label else "file"
    ask = _asking(ending)
    return Family(name, FIELD, kind, wordings, scene, ask, filled(right), filled(wrong), label=label)


TEXTS: tuple[Family, ...] = (
    _family(
        "log_count",
        log_scene,
        (
            "count the lines of level {level} or of part {part} in {file}",
            "tell how many lines in {file} have the level {level} or come from {part}, each line once",
        ),
        _LINES + "print(sum(line.split()[1] == <level> or line.split()[2] == <part> + ':' for line in lines))\n",
        _LINES + "print(sum(line.split()[1] == <level> and line.split()[2] == <part> + ':' for line in lines))\n",
        label="number of lines",
    ),
    _family(
        "log_slowest",
        log_scene,
        (
            "find the longest time in ms that a line of {part} reports in {file}",
            "look through {file} for {part} and find its largest number of ms",
        ),
        _LINES + "print(max(int(line.split()[-2]) for line in lines if line.split()[2] == <part> + ':'))\n",
        _LINES + "print(min(int(line.split()[-2]) for line in lines if line.split()[2] == <part> + ':'))\n",
        label="longest time in ms",
    ),
    _family(
        "log_slow_lines",
        log_scene,
        (
            "copy the lines of {file} that took more than {ms} ms into {out}, in their order",
            "keep in {out} only what took over {ms} ms in {file}, lines in their order",
        ),
        _LINES + "result = [line for line in lines if int(line.split()[-2]) > <ms>]\n" + _SAVE,
        _LINES + "result = [line for line in lines if line.split()[-2] > '<ms!>']\n" + _SAVE,
        ending="log",
    ),
    _family(
        "log_by_part",
        log_scene,
        (
            "write to {out} how many lines each part has in {file}, as a JSON object",
            "count the lines of {file} per part and save the counts as a JSON object in {out}",
        ),
        _LINES
        + "result = {}\nfor line in lines:\n    part = line.split()[2].rstrip(':')\n    result[part] = result.get(part, 0) + 1\n"
        + _DUMP,
        _LINES
        + "result = {}\nfor line in lines:\n    part = line.split()[1]\n    result[part] = result.get(part, 0) + 1\n"
        + _DUMP,
        ending="json",
    ),
    _family(
        "mail_addresses",
        prose_scene,
        (
            "collect the mail addresses in {file} into {out}, one a line, sorted, each once",
            "write every mail address of {file} to {out}, sorted and without repeats",
        ),
        _TEXT + "import re\nresult = sorted(set(re.findall(r'[\\w.]+@[\\w-]+\\.[a-z]+', text)))\n" + _SAVE,
        _TEXT + "import re\nresult = sorted(re.findall(r'[\\w.]+@[\\w-]+\\.[a-z]+', text))\n" + _SAVE,
    ),
    _family(
        "common_words",
        prose_scene,
        (
            "write the {top} most frequent words of at least {length} letters in {file} to {out}: a list of word and count, lower case, ties by alphabet",
            "count the words with {length} letters or more in {file}, lower case, and save the {top} commonest as JSON pairs of word and count in {out}, ties by alphabet",
        ),
        _TEXT
        + "import re\ncounts = {}\nfor word in re.findall(r'[a-z]+', text.lower()):\n    if len(word) >= <length>:\n"
        + "        counts[word] = counts.get(word, 0) + 1\n"
        + "result = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:<top>]\n"
        + _DUMP,
        _TEXT
        + "counts = {}\nfor word in text.lower().split():\n    counts[word] = counts.get(word, 0) + 1\n"
        + "result = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:<top>]\n"
        + _DUMP,
        ending="json",
    ),
    _family(
        "redact_accounts",
        prose_scene,
        (
            "replace every account like AC-12345 in {file} by AC-***** and write the text to {out}",
            "save {file} as {out} with the digits of all accounts (AC-12345) hidden as AC-*****",
        ),
        _TEXT + "import re\nresult = [re.sub(r'AC-\\d{5}', 'AC-*****', text).rstrip('\\n')]\n" + _SAVE,
        _TEXT + "import re\nresult = [re.sub(r'AC-\\d{5}', 'AC-*****', text, count=1).rstrip('\\n')]\n" + _SAVE,
        ending="md",
    ),
    _family(
        "iso_days",
        prose_scene,
        (
            "rewrite the days in {file} from 31.12.2025 to 2025-12-31 and save the text as {out}",
            "turn all days of {file}, which look like 31.12.2025, into the form 2025-12-31 and write {out}",
        ),
        _TEXT
        + "import re\nresult = [re.sub(r'(\\d{2})\\.(\\d{2})\\.(\\d{4})', r'\\3-\\2-\\1', text).rstrip('\\n')]\n"
        + _SAVE,
        _TEXT
        + "import re\nresult = [re.sub(r'(\\d{2})\\.(\\d{2})\\.(\\d{4})', r'\\3.\\2.\\1', text).rstrip('\\n')]\n"
        + _SAVE,
        ending="md",
    ),
    _family(
        "outline",
        prose_scene,
        (
            "write the headings of {file} down to level {depth} into {out}, without the # signs, indented by two blanks per level below the first",
            "make an outline {out} of {file}: headings up to level {depth}, no # signs, two blanks of indent for each level below the first",
        ),
        _LINES
        + "result = []\nfor line in lines:\n    marks = len(line) - len(line.lstrip('#'))\n    if 0 < marks <= <depth>:\n"
        + "        result.append('  ' * (marks - 1) + line.lstrip('#').strip())\n"
        + _SAVE,
        _LINES + "result = [line.lstrip('#').strip() for line in lines if line.startswith('#')]\n" + _SAVE,
    ),
    _family(
        "unique_names",
        list_scene,
        (
            "clean the list {file} into {out}: no blank lines, each name once whatever its case, in the form Ada Harbor, first come first",
            "write the names of {file} to {out} without blanks and without repeats (case does not count), each like Ada Harbor, in order of first appearance",
        ),
        _LINES + "result = list(dict.fromkeys(line.strip().title() for line in lines if line.strip()))\n" + _SAVE,
        _LINES + "result = list(dict.fromkeys(line.strip() for line in lines))\n" + _SAVE,
    ),
    _family(
        "settings_to_json",
        settings_scene,
        (
            "convert {file} to JSON in {out}: an object per section, all values as text, comments dropped",
            "save the sections of {file} as nested JSON objects in {out}, values as text and without comments",
        ),
        _LINES
        + "result = {}\nfor line in lines:\n    line = line.split('#')[0].strip()\n    if line.startswith('['):\n"
        + "        section = result.setdefault(line[1:-1], {})\n    elif '=' in line and not line.startswith(';'):\n"
        + "        key, value = line.split('=', 1)\n        section[key.strip()] = value.strip()\n"
        + _DUMP,
        _LINES
        + "result = {}\nfor line in lines:\n    if '=' in line:\n        key, value = line.split('=', 1)\n"
        + "        result[key.strip()] = value.strip()\n"
        + _DUMP,
        ending="json",
    ),
    _family(
        "fill_template",
        settings_scene,
        (
            "fill page.tmpl with the settings of {file} and write {out}; a gap is section and key in double braces, comments are no part of a value",
            "write {out} from page.tmpl, every gap (section and key in double braces) replaced by its value in {file}, comments left out",
        ),
        _LINES
        + "values = {}\nfor line in lines:\n    line = line.split('#')[0].strip()\n    if line.startswith('['):\n"
        + "        section = line[1:-1]\n    elif '=' in line and not line.startswith(';'):\n"
        + "        key, value = line.split('=', 1)\n        values[section + '.' + key.strip()] = value.strip()\n"
        + "text = open('page.tmpl').read()\nfor name, value in values.items():\n    text = text.replace('{{' + name + '}}', value)\n"
        + "result = [text.rstrip('\\n')]\n"
        + _SAVE,
        "result = [open('page.tmpl').read().replace('{{', '').replace('}}', '').rstrip('\\n')]\n" + _SAVE,
    ),
    _family(
        "reorder_fields",
        fields_scene,
        (
            "turn {file} into {out} with commas and the columns shelf, code, count, sorted by shelf and code",
            "rewrite {file} as {out}: commas for semicolons, only shelf, code and count in this order, rows by shelf, then code",
        ),
        _LINES
        + "rows = [line.split(';') for line in lines[1:]]\nrows = sorted([row[2], row[0], row[3]] for row in rows)\n"
        + "result = ['shelf,code,count'] + [','.join(row) for row in rows]\n"
        + _SAVE,
        _LINES + "result = [line.replace(';', ',') for line in lines]\n" + _SAVE,
        ending="csv",
    ),
    _family(
        "shelf_value",
        fields_scene,
        (
            "work out with prices.json what the whole count on the shelves {shelf} in {file} is worth, to two decimals",
            "multiply count and price (prices.json) for everything in {file} on a shelf that begins with {shelf}, and add it up to two decimals",
        ),
        _LINES
        + "import json\nprices = json.load(open('prices.json'))\nrows = [line.split(';') for line in lines[1:]]\n"
        + "print(round(sum(int(row[3]) * prices[row[0]] for row in rows if row[2].startswith(<shelf>)), 2))\n",
        _LINES
        + "import json\nprices = json.load(open('prices.json'))\nrows = [line.split(';') for line in lines[1:]]\n"
        + "print(round(sum(int(row[3]) * prices[row[0]] for row in rows), 2))\n",
        label="value",
    ),
)
