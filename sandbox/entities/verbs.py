"""The verb table: which words of a tool's name and description say how it is played, and which cannot be played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from .words import tokens

Verb: TypeAlias = Literal["create", "get", "list", "update", "delete", "transition", "compute"]
READS: frozenset[Verb] = frozenset({"get", "list", "compute"})

Reason: TypeAlias = Literal[
    "no_verb",
    "screen",
    "runs_code",
    "exact_result",
    "thinking",
    "no_identifier",
    "bad_schema",
    "endless_schema",
    "no_arguments",
    "no_reply",
]
"""Why a tool is left out: nothing says what it does; it drives a screen; it runs what it is given; its answer could be
calculated, so that a made-up one would be wrong; it only records a thought; it deletes without saying what; a schema is
broken; a schema contains itself without end; no arguments or no reply could be found that satisfy the schema."""


class Hints(msgspec.Struct, frozen=True):
    """What a server says of a tool beside its schemas; None where it says nothing."""

    read_only: bool | None = None
    destructive: bool | None = None


class Reading(msgspec.Struct, frozen=True):
    """How a tool's words were read."""

    verb: Verb
    word: str
    """The word that said so."""
    position: int
    """Its place in the name's tokens; -1 when the description or a hint said it."""
    evidence: str


_WORDS: dict[Verb, str] = {
    "create": """create add insert new make register post write upload import put save store book schedule reserve
        submit append place draft copy duplicate clone commit log record init initialize define build scaffold fork
        reply respond comment upsert ensure sign attach invite install deploy launch mint backup share compose allocate
        purchase""",
    "get": """get read fetch retrieve show view describe load download inspect see obtain return details info status
        stat peek display access lookup resolve export scrape crawl dump print open tail""",
    "list": "list search find query browse filter enumerate discover all scan select match explore recommend trending",
    "update": """update set edit modify change patch rename move configure replace adjust assign unassign tag untag
        format merge sort transform resize rotate link unlink transfer toggle apply manage customize increment
        reorder extend associate disassociate""",
    "delete": "delete remove drop destroy erase purge uninstall detach unregister revoke trash deregister",
    "transition": """cancel approve send close archive reject complete finish resolve publish unpublish start stop pause
        resume enable disable activate deactivate lock unlock confirm accept decline reopen restore ship refund pay
        reset refresh clear connect disconnect restart retry mark suspend subscribe unsubscribe follow unfollow like
        join leave switch checkout sync reload login logout rebuild trigger play skip mute unmute untrash ban kick
        block unblock pin unpin freeze terminate kill abort shutdown reboot power authenticate authorize
        star unstar push pull release verify""",
    "compute": """compute calculate convert validate check compare analyze analyse estimate predict score measure test
        generate summarize summarise translate extract detect classify parse ping geocode suggest count rank assess
        diff is has can whois forecast optimize plan simulate diagnose audit trace profile monitor explain render
        screen benchmark review lint evaluate_risk demonstrate help""",
}
VERBS: Mapping[str, Verb] = {word: verb for verb, words in _WORDS.items() for word in words.split()}

_NOUNS_TOO = frozenset(
    """new post book store log record comment sign share return status stat info details access tail all match tag
    format link transfer start stop lock like power pin star push pull release count score test plan trace profile
    screen review help forecast diff place draft copy commit fork open view display all trending is has can scan rank
    block play order backup schedule index print query filter set reply export import""".split()
)
"""Verbs only as the first word of a name."""

STATUSES: Mapping[str, str] = {
    "send": "sent", "pay": "paid", "stop": "stopped", "ship": "shipped", "ban": "banned", "pin": "pinned",
    "cancel": "cancelled", "submit": "submitted", "reset": "reset", "clear": "cleared", "kill": "killed",
    "leave": "left", "play": "playing", "start": "started", "checkout": "checked out", "login": "logged in",
    "logout": "logged out", "skip": "skipped", "freeze": "frozen", "power": "switched", "shutdown": "shut down",
    "abort": "aborted", "star": "starred", "unstar": "unstarred", "unpin": "unpinned", "refund": "refunded",
    "sync": "synced", "unblock": "unblocked", "kick": "removed", "reopen": "open",
}  # fmt: skip

_LEFT_OUT: dict[Reason, frozenset[str]] = {
    "screen": frozenset(
        """click hover scroll drag swipe tap type press keypress keyboard mouse screenshot screenshots navigate
        clickable cursor viewport""".split()
    ),
    "runs_code": frozenset("run execute exec eval invoke shell command commands compile bash terminal".split()),
    "exact_result": frozenset(
        """encode decode hash encrypt decrypt base64 multiply divide subtract sqrt calculator calculate evaluate sum
        modulo factorial arithmetic uuid dice random roll""".split()
    ),
    "thinking": frozenset("think thinking sequentialthinking reflect brainstorm reasoning wait sleep".split()),
}

_TYPED = frozenset("type tap press cursor".split())
"""Done to a screen where they are verbs; an entity's type and a page's cursor are none."""

_FOREIGN: Mapping[str, Verb] = {
    "创建": "create", "新增": "create", "添加": "create", "获取": "get", "查询": "list", "搜索": "list", "列出": "list",
    "更新": "update", "修改": "update", "设置": "update", "删除": "delete", "取消": "transition", "发送": "transition",
    "作成": "create", "取得": "get", "検索": "list", "一覧": "list", "削除": "delete", "조회": "get", "검색": "list",
    "생성": "create", "삭제": "delete", "crear": "create", "criar": "create", "créer": "create", "erstell": "create",
    "oluştur": "create", "obtener": "get", "obter": "get", "obtenir": "get", "getir": "get", "abrufen": "get",
    "buscar": "list", "listar": "list", "consultar": "list", "rechercher": "list", "suchen": "list", "ara": "list",
    "actualizar": "update", "eliminar": "delete", "supprimer": "delete", "löschen": "delete", "создать": "create",
    "получ": "get", "найти": "list", "поиск": "list", "список": "list", "удалить": "delete", "обновить": "update",
}  # fmt: skip
"""Beginnings of verbs in other languages."""


def status_after(word: str) -> str:
    """What an entry is once this was done to it: `approve` gives `approved`."""
    if word in STATUSES:
        return STATUSES[word]
    if word.endswith("e"):
        return word + "d"
    return word[:-1] + "ied" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + "ed"


def left_out(name: Sequence[str]) -> tuple[Reason, str] | None:
    """The reason and the word for which a tool of this name is not played at all; None when there is none."""
    # Last in a name such a word is a verb only where no other verb begins it: `get_pay_run` shows a run.
    ends = (name[0], name[-1]) if name and name[0] not in VERBS else name[:1]
    for reason, words in _LEFT_OUT.items():
        # A screen shows in any word; the others are verbs, and verbs stand first or last.
        looked_at = name if reason in ("screen", "exact_result") else ends
        for word in looked_at:
            if word in words and (word not in _TYPED or word in ends):
                return reason, word
    return None


def read_verb(name: Sequence[str], description: str, hints: Hints) -> Reading | None:
    """The verb by the name's tokens, then the description, then the hints; None when nothing says one.

    A tool that its server calls read-only is never read as a write: then it is a look-up.
    """
    reading = _in_name(name) or _in_description(description) or _in_another_language(name, description)
    if reading is None:
        return Reading("compute", "", -1, "readOnlyHint") if hints.read_only else None
    if hints.read_only and reading.verb not in READS:
        return Reading("compute", reading.word, reading.position, f"{reading.evidence}, but readOnlyHint")
    if hints.destructive and reading.verb in READS and hints.read_only is not True and reading.verb == "compute":
        return Reading("update", reading.word, reading.position, f"{reading.evidence}, but destructiveHint")
    return reading


def _in_name(name: Sequence[str]) -> Reading | None:
    order = [*range(min(1, len(name))), *range(len(name) - 1, len(name) - 2, -1), *range(1, len(name) - 1)]
    for place in order:
        word = name[place] if 0 <= place < len(name) else ""
        if word in VERBS and (place == 0 or word not in _NOUNS_TOO):
            return Reading(VERBS[word], word, place, f"name: {word}")
    last = len(name) - 1
    if last > 0 and name[last] in VERBS:
        return Reading(VERBS[name[last]], name[last], last, f"name: {name[last]}")
    return None


def _in_description(description: str) -> Reading | None:
    words = tokens(description[:300])[:25]
    for reach, weak in ((3, True), (25, False)):
        for word in words[:reach]:
            for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ing")):
                if form in VERBS and (weak or form not in _NOUNS_TOO):
                    return Reading(VERBS[form], form, -1, f"description: {word}")
    return None


def _in_another_language(name: Sequence[str], description: str) -> Reading | None:
    words = (*name, *tokens(description[:200])[:12])
    for word in words:
        for start, verb in _FOREIGN.items():
            # Scripts without spaces: the verb may stand anywhere in what looks like one word.
            if word.startswith(start) or (not start.isascii() and len(start) == 2 and start in word):
                return Reading(verb, start, -1, f"word: {start}")
    return None
