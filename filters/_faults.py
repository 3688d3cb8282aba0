"""What is wrong with the form of a text: marks of a chat template, scaffolding of a prompt, an end that is cut off.

Costs   some 10 µs a kB; every pattern is linear in the text.
"""

import json
import re

from factory.wording import in_small

TEMPLATE = re.compile(
    r"<\|[A-Za-z_0-9]{2,40}\|>"  # ChatML, Llama 3, Phi, GPT: <|im_start|>, <|eot_id|>, <|endoftext|>
    r"|<｜[^｜<>\s]{2,40}｜>"  # DeepSeek
    r"|\[/?INST\]|<</?SYS>>|\[/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]"  # Llama 2, Mistral
    r"|<(?:start|end)_of_(?:turn|image)>|<(?:bos|eos|pad|unk)>"  # Gemma
    r"|^\s*<s>|</s>\s*$"  # elsewhere these are HTML for struck text
)
SCAFFOLD = re.compile(
    r"^[ \t]*#{2,3} ?(?:Instruction|Response|Input|Human|Assistant|System)s?:?[ \t]*(?:$|:)"  # Alpaca, Vicuna
    r"|^(?:<human>|<bot>|<assistant>|<user>|<system>):"
    r"|^Below is an instruction that describes a task"
    r"|^You are (?:ChatGPT|a helpful(?:, \w+)* (?:AI )?assistant)\b"
    r"|^(?:Here (?:is|are) )?(?:the|your|\d+) (?:generated |requested )?(?:question|Q&A|instruction)s?[- ]?"
    r"(?:and[- ])?(?:answers?|pairs?|responses?)[^\n]{0,40}:[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_SCAFFOLDS = ("##", ">:", "below is an", "you are ", "question", "q&a", "instruction")  # one is in each
FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)
# what the last character may be, or the last word
CLOSES = re.compile(r"""[.!?…:;"'”’»«)\]}>*_`|~%°$€£©/\\=。．！？；：」』）】》｡।॥؟۔։፧።-]""")
SYMBOL = re.compile(r"[^\w\s]")  # an emoji, a unit: nobody stops in mid-sentence with one
NO_WORD = re.compile(r"(?:[#@]\S+|\w+://\S+|[\d.,]+)$")  # a hashtag, an address, a number
NO_STOP = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u0f00-\u0fff]")  # scripts without a full stop
ITEM = re.compile(r"\s*(?:[-*+•–]|\d{1,3}[.)]|[A-Za-z][.)]|#{1,6}|\||>)(?:\s|$)|\s*\S{1,30}:\s")
# What stands where there is nothing; in an answer only what nobody would say: "N/A" may be right.
_NOTHING = r"no[ _-]?(?:input|output)(?: (?:is )?(?:required|needed|necessary|provided|given|available))?"
EMPTY_ANSWER = re.compile(
    rf"\W{{0,3}}(?:{_NOTHING}|nan|undefined|todo|tbd)\W{{0,3}}$|\s*<\s?no[ _-]?(?:input|output|answer|response)\s?>",
    re.IGNORECASE,
)
EMPTY_INPUT = re.compile(
    rf"\W{{0,3}}(?:{_NOTHING}|n\s?/\s?a|none|nan|null|not applicable|no (?:context|data)|undefined)\W{{0,3}}$",
    re.IGNORECASE,
)
LONGEST_EMPTY = 60  # characters of such a word, with what stands around it
LEAST_WORDS, LEAST_LINE = 12, 6  # of an answer, and of its last line, before a missing full stop says anything
LONGEST_VERSE = 80  # characters of a line
DEEPEST = 200  # brackets: what is deeper is data, and no parser likes it


def template_mark(text: str) -> re.Match[str] | None:
    """The first token of a chat template in a text."""
    if "<" not in text and "[" not in text:
        return None
    return TEMPLATE.search(text)


def scaffold(text: str) -> re.Match[str] | None:
    """The first line that belongs to a prompt and not into what it asks for."""
    small = in_small(text)
    if small is not None and not any(word in small for word in _SCAFFOLDS):
        return None
    return SCAFFOLD.search(text)


def placeholder_answer(text: str) -> bool:
    """Whether an answer is a word for nothing (`<nooutput>`, `nan`), or begins with one in angle brackets."""
    plain = text.strip()
    return EMPTY_ANSWER.match(plain[:LONGEST_EMPTY] if len(plain) > LONGEST_EMPTY else plain) is not None


def placeholder_input(text: str) -> int | None:
    """Where the last paragraph of a question begins, if it is a word for nothing: `Noinput`, `N/A`."""
    start = text.rstrip().rfind("\n\n") + 2 if "\n\n" in text.rstrip() else 0
    last = text[start:].strip()
    return start if last and len(last) <= LONGEST_EMPTY and EMPTY_INPUT.match(last) else None


def open_fence(text: str) -> bool:
    """Whether a code fence is opened and not closed (CommonMark 4.5)."""
    if "```" not in text and "~~~" not in text:
        return False
    mark = ""
    for found in FENCE.finditer(text):
        fence, info = found.groups()
        if not mark:
            mark = fence if "`" not in info or fence[0] == "~" else ""
        elif fence[0] == mark[0] and len(fence) >= len(mark) and not info.strip():
            mark = ""
    return bool(mark)


def open_json(text: str) -> bool:
    """Whether a text that is JSON from its first character ends before its brackets are closed."""
    plain = text.strip()
    if not re.match(r'[{\[]\s*(?:"|\{|\[|\d|true|false|null|-)', plain):
        return False
    depth, in_string, escaped = 0, False, False
    for character in plain:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if not depth:
                return False  # whole, whatever stands behind it
    return (in_string or depth > 0) and depth <= DEEPEST and _began_as_json(plain)


def _began_as_json(text: str) -> bool:
    """Whether a parser comes to the end of the text before it finds a fault."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text) - 1 or "Unterminated string" in error.msg
    except RecursionError:
        return False
    return False


def unfinished(text: str) -> bool:
    """Whether an answer of sentences ends in the middle of one: in a word or a comma, in no list, table or heading."""
    plain = text.rstrip()
    end = plain[-1:]
    if CLOSES.match(end) or NO_STOP.match(end):
        return False
    before, _, last = plain.rpartition("\n")
    if len(plain.split(None, LEAST_WORDS)) < LEAST_WORDS or len(last.split()) < LEAST_LINE or ITEM.match(last):
        return False
    if FENCE.search(last) or NO_WORD.match(last.rsplit(None, 1)[-1]):
        return False
    return end == "," or not (SYMBOL.match(end) or _is_verse(before, last))


def _is_verse(before: str, last: str) -> bool:
    """Whether the last line is one of several short ones that need no full stop."""
    line = before.rstrip().rpartition("\n")[2]
    return 0 < len(line) <= LONGEST_VERSE and len(last) <= LONGEST_VERSE and not re.search(r"[.!?:]$", line.rstrip())
