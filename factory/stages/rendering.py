"""How a row's context comes into its question: before it, through the recipe's template, or not at all.

`export: {template: FILE}` names a Jinja2 template (sandboxed; an undefined name is an error). It makes the first
question of every chat row from `question`, and `context`: None where the row has none, or the export is closed-book.
"""

from pathlib import Path

from factory import prompts

Messages = list[dict[str, str]]


def with_context(messages: Messages, context: str | None, template: Path | None = None) -> Messages:
    """The messages, with the context in the first question. Raises WrongRequest for a template that cannot be made."""
    first = next((nth for nth, message in enumerate(messages) if message["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": context}, *messages] if context else messages
    asked = _asked(messages[first]["content"], context, template)
    return [*messages[:first], {"role": "user", "content": asked}, *messages[first + 1 :]]


def _asked(question: str, context: str | None, template: Path | None) -> str:
    if template is not None:
        return prompts.rendered(template, question=question, context=context or None).strip()
    return f"{context}\n\n{question}" if context else question
