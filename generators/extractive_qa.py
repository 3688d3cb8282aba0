"""Question-answer pairs with no model: the answer is a span of the passage, the question is built from what names it.

    definition   "A **gateway** is the indoor device that ..."      What is a gateway?
    procedure    "Replace the battery" above numbered steps          How do I replace the battery?
    code         "To list the gauges, run:" and the code             How do I list the gauges?
    faq          "Does rain matter?" as heading, bold, or "Q:"       Does rain matter?
    section      "Limits" under "Gateway API"                        What are the limits of the Gateway API?

Takes   one passage. English; in other languages only questions that the text itself asks.
Yields  sft records whose answer is the text of their one quote. A pair that one would not understand without the
        document is rejected as extractive_qa.not_self_contained; where no rule is sure, nothing is yielded.
Costs   no model call; about a millisecond a passage.
"""

import re
from collections.abc import AsyncIterator, Iterator

from factory.passages import Passage
from factory.records import Record, Rejected, sft
from generators import _questions as questions
from generators._markdown import Block, Section, plain, sections, without_code
from generators._questions import Page
from generators._sentences import sentences
from generators._terms import defined
from generators._titles import asks, aspect, clause, clean, has_subject, is_question
from generators._verbs import action, nominal, task
from generators._wording import announces, unclear_answer, unclear_question, words_of

MAX_QUESTION_CHARS = 200  # a longer one is a paragraph in bold, not a question
MAX_DEFINITION_CHARS = 700  # a paragraph above that goes on to other things
CUT_FROM_CHARS = 1200  # a section that fills its passage alone may go on in the next one; a short one does not
