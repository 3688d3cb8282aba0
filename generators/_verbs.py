"""Which titles name an action: "Replace the battery", "Installing the CLI", but neither "Order history" nor "Testing".

English has too many words that are verb and noun; only those listed here are read as verbs, and those that are nouns
as often only before a word that makes them verbs ("Test the pump", "Test `main`", but not "Test results").
"""

import re

from factory.wording import listed

VERBS = listed(
    """activate add adjust allow analyse analyze append apply approve assemble assign attach authenticate authorize
    avoid become bind bring build calculate calibrate cancel capture choose clarify clean clear close collect combine
    compare compose compress compute configure confirm connect construct convert create customise customize deactivate
    declare decode decrypt define delete deploy deregister describe destroy detach detect determine develop diagnose
    disable disassemble discard disconnect dismount dispose distribute download edit eject embed enable
    encode encrypt enforce enlarge enrol enroll ensure enter enumerate erase establish estimate evaluate examine
    exclude execute expand extend extract fetch find fit fix generate get give grant handle hide identify ignore
    implement improve include increase inherit initialise initialize inject insert inspect install instantiate
    integrate invite invoke join keep launch learn locate lower lubricate maintain make manage merge migrate minimise
    minimize modify mount navigate obtain optimise optimize organise organize overwrite override parse perform pick
    populate prepare prevent print prioritise produce protect provide publish purchase purge raise read rebuild
    receive recharge recommend reconnect recover redeem reduce refill refresh register reinstall reject reload remove
    rename renew reorder repair replace resize resolve restart restore restrict retrieve reuse revert revoke rewrite
    rotate rollback save select send separate serialize serve simplify skip solve specify stop store submit subscribe
    summarise summarize synchronise synchronize tighten translate transmit troubleshoot turn uninstall unlock unmount
    unpack unpair unsubscribe update upgrade upload validate verify visualize wear wipe withdraw wrap write"""
)
_ALSO_NOUNS = listed(
    """access answer archive back backup balance benchmark block boot break buffer call change charge check claim code
    comment commit contact control copy cover cut debug design display drain dry duplicate email empty exit export
    fill filter flash flush format guide host import index invoice issue label light limit link list load lock log
    look map mark match measure monitor move name open order pack package pair pass pause pay place plan plot plug
    post power press process profile program pull push put query quote rate record release repeat report request
    require reset rest result return review roll route run sample scan schedule score screen scroll search secure
    set shape share ship shut sign sort split stack start state step stream study supply support swap switch sync
    tag take talk target test time trace track train transfer trigger type use view visit wash watch work"""
)
_HEAD_NO_TITLE = listed("see do go have keep let make say show tell perform ask learn know")
_MAKES_A_VERB = listed(
    "a an the your our my all each every any both multiple several two three one new up in out off on down back over"
)
_ACTIONS = {
    "installation": "install",
    "configuration": "configure",
    "deployment": "deploy",
    "activation": "activate",
    "uninstallation": "uninstall",
    "removal": "remove",
}
_GERUND_NOUNS = listed(
    "building cleaning mounting opening operating pricing printing processing reading setting shipping testing "
    "training understanding working writing wiring listing packaging engineering meaning"
)
_AUXILIARY = listed(
    "is are was were be do does did don't doesn't can can't could should must may might will won't would has have had"
)
_NEEDS_OBJECT = re.compile(  # "install from PyPI": what?
    r"(?P<verb>install|reinstall|uninstall|upgrade|update|download|build|configure|import|deploy|remove|enable|disable)"
    r" (?P<rest>(?:from|with|via|through|using|by|in|on|as|for|at|into|under)\b.*)"
)
_MINE = {"your": "my", "yours": "mine", "yourself": "myself", "you": "I", "you're": "I am"}
_SECOND_PERSON = re.compile(r"\b(?:your|yours|yourself|you're|you)\b", re.IGNORECASE)


def _gerunds(verb: str) -> set[str]:
    """The possible -ing forms, wrong ones included: they match nothing."""
    forms = {verb + "ing"}
    if verb.endswith("ie"):
        forms.add(verb[:-2] + "ying")
    elif verb.endswith("e"):
        forms.add(verb[:-1] + "ing")
    elif re.search(r"[aeiou][bdgklmnprt]$", verb):
        forms.add(verb + verb[-1] + "ing")
    return forms


_WORDS_OF_VERBS = VERBS | _ALSO_NOUNS | _HEAD_NO_TITLE | _AUXILIARY
_GERUNDS = {gerund: verb for verb in VERBS | _ALSO_NOUNS for gerund in _gerunds(verb)}


def action(title: str) -> str | None:
    """The action that a title names, as it stands after "How do I": "replace the battery"; None where it names none.

    The first word must be in lower case or a listed verb; the rest is taken as it is.
    """
    first, _, rest = title.partition(" ")
    word = first.lower()
    if word == "how" and rest.lower().startswith("to "):
        return mine(rest[3].lower() + rest[4:]) if " " in rest[3:] else None
    if word == "to" and rest.split(" ")[0].lower() in VERBS | _ALSO_NOUNS:
        return mine(rest[0].lower() + rest[1:])
    verb = word if word in VERBS | _ALSO_NOUNS else _GERUNDS.get(word)
    if verb is None or not rest or not _is_verb(word, verb, rest):
        return None
    if word != verb and (second := re.match(r"(?P<and>and|or) (?P<gerund>\w+ing)\b", rest)):
        if second["gerund"].lower() not in _GERUNDS:
            return None
        rest = f"{second['and']} {_GERUNDS[second['gerund'].lower()]}{rest[second.end() :]}"
    return mine(f"{verb} {rest}")


def _is_verb(word: str, verb: str, rest: str) -> bool:
    following = rest.split(" ")[0]
    if following.lower() in _MAKES_A_VERB or following[0] in "`0123456789":
        return True
    if following.lower() in {"of", "for", "is", "are", "as", "by", "guide", "instructions", "cases", "case", "notes"}:
        return False
    if word != verb and not (following[0].isupper() or re.match(r"\w+s\b", _before_preposition(rest))):
        return False  # "Embedding storage format"
    if verb in _ALSO_NOUNS:
        return word in {"set", "setting"} and rest.lower().rstrip("?").endswith("s") and " " in rest
    return word not in _GERUND_NOUNS


def _before_preposition(rest: str) -> str:
    """The last word of the first noun phrase."""
    return re.split(r" (?:of|for|in|on|with|from|to|by|and|as|at|into|using|over)\b", rest)[0].split(" ")[-1]


def nominal(title: str) -> str | None:
    """The verb behind a title that is one noun of action: "Installation" is install."""
    return _ACTIONS.get(title.lower())


_OUT_OF_CODE = r"(?:`[^`]*`|\([^()]*\)|[^`(),;:–—])+?"
_TO = re.compile(
    rf"To (?P<act>[a-z]+ {_OUT_OF_CODE})(?:,? (?:you can|you could|simply|just|first)?,? ?(?P<main>(?:use"
    rf"|run|try)\b.*|you .*)|, (?P<then>.+))?:"
)
_USE = re.compile(
    rf"(?:You can |Then |Now |Next, |Also )?(?:also |now |then )?(?:[Uu]se|[Rr]un|[Cc]all|[Aa]dd|[Pp]ass"
    rf"|[Ee]xecute|[Tt]ype|[Ee]nter|[Ii]ssue) {_OUT_OF_CODE}"
    rf" to (?P<act>[a-z]+ {_OUT_OF_CODE}):"
)
_CAN = re.compile(rf"You can (?:also |now |then )?(?P<act>[a-z]+ {_OUT_OF_CODE}):")
_TRAILING = re.compile(
    r",? (?:(?:like|just like)(?: this| so| these)?|as follows|with|using|by \w+ing|by|(?:with|using"
    r"|by running|by using) (?:this|the following|these)\b.*"
    r"|(?:using|with|via) (?:the )?`[^`]+`(?: (?:command|option|flag|method|function|parameter|argument"
    r"|environment variable|endpoint))?"
    r"|in the following way|this way|so)$"
)
_ADVERB = re.compile(r"(?:only|just|also|\w+ly) ")
MAX_TASK_WORDS = 18  # a longer one holds more than one task


def task(sentence: str) -> str | None:
    """The action that the sentence before a code block introduces: "To list the gauges, run:" is "list the gauges"."""
    words = " ".join(sentence.split())
    act = _introduced(words)
    if act is None:
        return None
    shorter = _TRAILING.sub("", act)
    shorter = re.sub(r" (?:as well|too|instead)$", "", shorter)
    act = act if shorter.endswith("ed") else shorter  # "a key saved using `set`" is one thing
    if len(act.split()) not in range(2, MAX_TASK_WORDS + 1) or re.search(
        r" [-–—] |\b(?:if|because|which|where|(?:you|we|I) can"
        r"|looks?|is|are|works?|returns?|would"
        r"|will|now)\b",
        act,
    ):
        return None
    return mine(act) if _is_known(_ADVERB.sub("", act, count=1)) else None


def _introduced(words: str) -> str | None:
    if found := _TO.fullmatch(words):
        then = found["then"]
        return (
            found["act"]
            if then is None or _is_known(then) or then.startswith(("you ", "simply ", "just ", "first "))
            else None
        )
    for pattern in (_USE, _CAN):
        if (found := pattern.fullmatch(words)) and _is_known(_ADVERB.sub("", found["act"], count=1)):
            return found["act"]
    return action(words[:-1]) if words.endswith(":") and not re.search("[,;:]", words[:-1]) else None


def _is_known(act: str) -> bool:
    return act.split(" ")[0].lower() in VERBS | _ALSO_NOUNS | _HEAD_NO_TITLE


def mine(phrase: str) -> str:
    """Instructions address the reader; a question comes from them: "your app" is "my app"."""
    return _SECOND_PERSON.sub(lambda found: _MINE[found.group().lower()], phrase)


def is_verb(word: str) -> bool:
    """Whether a word may be a verb, as it stands in a question: "use", "does", "works"."""
    small = word.lower().replace("’", "'")
    return not _WORDS_OF_VERBS.isdisjoint((small, small.removesuffix("s"), small.removesuffix("es")))


def objectless(act: str) -> tuple[str, str] | None:
    """Verb and rest of an act that does not say what it is done to: "install", "from PyPI"."""
    found = _NEEDS_OBJECT.fullmatch(act)
    return (found["verb"], found["rest"]) if found else None


def known_act(act: str) -> bool:
    """Whether it begins with a verb that is listed here, an adverb before it aside."""
    return _is_known(_ADVERB.sub("", act, count=1))
