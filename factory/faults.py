"""What can be wrong with a row that is to be trained on. The preflight refuses such rows, the audit names them.

A fault has one of the names below everywhere: `train.NAME` is the preflight's reason, `template.NAME` the finding.
"""

from factory.plural import many, noun

FAULTS = {  # what a row has or is: "2 rows …"
    "no_messages": "have no list of messages where one belongs: 'factory audit FILE' reads rows of other shapes, and "
    "'factory train audits/NAME' trains on them",
    "no_content": "have a message whose content is not text (null, a number, a list)",
    "unknown_role": "have a role other than system, user, assistant and tool",
    "no_answer": "have no assistant turn: nothing would be learned",
    "empty_answer": "have an empty answer",
    "empty_question": "have an empty question",
    "system_not_first": "have a system message that is not the first",
    "answer_first": "begin with the assistant",
    "two_in_a_row": "have two turns of one role in a row",
    "prompt_answered": "have a prompt that ends with an answer",
    "not_an_answer": "have an answer that is not one message of the assistant",
    "control_token": "hold a special token or a turn mark of the template in a text, which the model would obey",
    "not_rendered": "are refused by the chat template, or rendered otherwise than its markers say",
    "bad_tools": "have 'tools' that are not a JSON list",
    "no_text": "have no text",
    "same_answers": "have the same answer as chosen and as rejected: the gradient is 0",
    "same_when_cut": "have answers that differ only beyond max_length: the gradient is 0",
    "contradicted": "prefer an answer that another row with the same prompt rejects for the same other one",
    "label_not_bool": "have a label that is not true or false",
    "prompt_too_long": "have a prompt that fills max_length alone: nothing would be learned",
    "answer_cut": "are longer than max_length: the answer would be cut, and its end never learned",
    "nothing_learned": "have no token that is learned once in a batch",
}
LONG = ("prompt_too_long", "answer_cut", "same_when_cut", "nothing_learned")  # with a greater max_length some are none

_OF_ONE = {"have": "has", "are": "is", "begin": "begins", "hold": "holds", "prefer": "prefers"}


def said(name: str, count: int) -> str:
    """What so many rows have or are: `1 row has an empty answer`, `2 rows have an empty answer`."""
    verb, _, rest = FAULTS[name].partition(" ")
    return f"{many(count, 'row')} {noun(count, _OF_ONE[verb], verb)} {rest}"


class Fault(ValueError):
    """What is wrong with a row; `name` is a key of FAULTS."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
