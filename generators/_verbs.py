"""Which titles ask for an action: "Replace the battery" and "Installing the CLI", but neither "Order history" nor "Testing".

English has too many words that are verb and noun; only those listed here are read as verbs, and those that are nouns
as often only before a word that makes them verbs ("Test the pump", "Test `main`", but not "Test results").
"""

import re

VERBS = frozenset(
    """activate add adjust allow analyse analyze append apply approve assemble assign attach authenticate authorize avoid
    become bind bring build calculate calibrate cancel capture choose clarify clean clear close collect combine compare
    compose compress compute configure confirm connect construct convert create customise customize deactivate declare
    decode decrypt define delete deploy deregister describe destroy detach detect determine develop diagnose disable
    disassemble discard disconnect dismount dispose distribute download duplicate edit eject embed enable encode encrypt
    enforce enlarge enrol enroll ensure enter enumerate erase establish estimate evaluate examine exclude execute expand
    extend extract fetch find fit fix generate get give grant handle hide identify ignore implement improve include
    increase inherit initialise initialize inject insert inspect install instantiate integrate invite invoke join keep
    launch learn locate lower lubricate maintain make manage merge migrate minimise minimize modify mount navigate obtain
    optimise optimize organise organize overwrite override parse perform pick populate prepare prevent print prioritise
    produce protect provide provision publish purchase purge raise read rebuild receive recharge recommend reconnect
    recover redeem reduce refill refresh register reinstall reject reload remove rename renew reorder repair replace
    resize resolve restart restore restrict retrieve reuse revert revoke rewrite rotate rollback save select send separate
    serialize serve simplify skip solve specify stop store submit subscribe summarise summarize synchronise synchronize
    tighten translate transmit troubleshoot turn uninstall unlock unmount unpack unpair unsubscribe update upgrade upload
    validate verify visualize wear wipe withdraw wrap write""".split()
)
_ALSO_NOUNS = frozenset(
    """access answer archive back backup balance benchmark block boot break buffer call change charge check claim code
    comment commit contact control copy cover cut debug design display drain dry email empty exit export fill filter
    flash flush format guide host import index invoice issue label light limit link list load lock log look map mark
    match measure monitor move name open order pack package pair pass pause pay place plan plot plug post power press
    process profile program pull push put query quote rate record release repeat report request require reset rest
    result return review roll route run sample scan schedule score screen scroll search secure set shape share ship shut
    sign sort split stack start state step stream study supply support swap switch sync tag take talk target test time
    trace track train transfer trigger type use view visit wash watch work""".split()
)
_MAKES_A_VERB = frozenset(
    "a an the your our my all each every any both multiple several two three one new up in out off on down back over".split()
)
_ACTIONS = {
    "installation": "install",
    "configuration": "configure",
    "deployment": "deploy",
    "activation": "activate",
    "uninstallation": "uninstall",
    "removal": "remove",
}
_GERUND_NOUNS = frozenset(
    "building cleaning mounting opening operating pricing printing processing reading setting shipping testing training "
    "understanding working writing wiring listing packaging engineering meaning".split()
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
    return mine(f"{verb} {rest}")


def _is_verb(word: str, verb: str, rest: str) -> bool:
    following = rest.split(" ")[0]
    if following.lower() in _MAKES_A_VERB or following[0] in "`0123456789":
        return True
    if following.lower() in {"of", "for", "is", "are", "as", "by", "guide", "instructions", "cases", "case", "notes"}:
        return False
    if verb in _ALSO_NOUNS:
        return word in {"set", "setting"} and rest.lower().rstrip("?").endswith("s") and " " in rest
    return word not in _GERUND_NOUNS


def nominal(title: str) -> str | None:
    """The verb behind a title that is one noun of action: "Installation" is install."""
    return _ACTIONS.get(title.lower())


_TO = re.compile(r"To (?P<act>[a-z]+ .+?), (?P<rest>.+):", re.DOTALL)
_RUN = re.compile(
    r"(?:Then )?(?:[Rr]un|[Uu]se|[Ee]xecute|[Tt]ype|[Ee]nter|[Ii]ssue|[Ss]end) (?:the|this|these|one of the)(?: \S+){0,4} to (?P<act>[a-z]+ [^,:]+):"
)
_CAN = re.compile(r"You can (?:also |now |then )?(?P<act>[a-z]+ .+?):", re.DOTALL)
_TRAILING = re.compile(
    r",? (?:like(?: this| so| these)?|as follows|with|using|by using|by|with the following.*|using the following.*|by (?:running|using|calling|adding) (?:the following )?.*|in the following way|this way|so)$"
)


def task(sentence: str) -> str | None:
    """The action that the sentence before a code block introduces: "To list the gauges, run:" is "list the gauges"."""
    words = " ".join(sentence.split())
    for pattern in (_TO, _RUN, _CAN):
        if found := pattern.fullmatch(words):
            act = _TRAILING.sub("", found["act"])
            is_known = act.split(" ")[0] in VERBS | _ALSO_NOUNS or pattern is _TO
            return mine(act) if is_known and act.count("`") % 2 == 0 and act.count("(") == act.count(")") else None
    if not words.endswith(":") or "," in words or _TRAILING.search(words[:-1]):
        return None
    return action(words[:-1])


def mine(phrase: str) -> str:
    """Instructions address the reader; a question comes from them: "your app" is "my app"."""
    return _SECOND_PERSON.sub(lambda found: _MINE[found.group().lower()], phrase)
