import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import chat
from tests.trainers.rows import assistant, sft, user
from tests.trainers.templates import SAID, TEMPLATES

TALK = [*user("Hi"), *assistant("Hello."), *user("And?"), *assistant("So.")]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A token a byte, and the marks of turns as special tokens."""
    pytest.importorskip("transformers", reason="pip install -e '.[train]'")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(alphabet)}, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=plain, bos_token="<s>", eos_token="</s>", pad_token="<pad>")  # noqa: S106 # no password
    marks = ["<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|end|>", "<|user|>", "<start_of_turn>", "<end_of_turn>"]
    made.add_tokens(marks, special_tokens=True)
    return made


def spans(seen: chat.Seen, tokenizer: Any) -> str:
    """The text of a row, what is learned of it in «»."""
    text, inside = "", False
    for id_, learned in zip([*seen.ids, None], [*seen.trained, False], strict=True):
        if learned != inside:
            text, inside = text + ("«" if learned else "»"), learned
        text += tokenizer.decode([id_]) if id_ is not None else ""
    return text


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_mask_is_exactly_the_assistants_words_and_the_end_of_its_turn(name: str, tokenizer: Any) -> None:
    tokenizer.chat_template = TEMPLATES[name]
    marked = chat.marked(tokenizer)
    assert marked is not None
    assert marked != tokenizer.chat_template
    assert spans(chat.seen(tokenizer, TALK, marked), tokenizer) == SAID[name]


@pytest.mark.parametrize("name", TEMPLATES)
def test_trl_makes_the_same_ids_and_labels_of_it(name: str, tokenizer: Any, tmp_path: Path) -> None:
    from datasets import Dataset
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import SFTConfig, SFTTrainer

    tokenizer.chat_template = TEMPLATES[name]
    marked = chat.marked(tokenizer)
    assert marked is not None
    rows = [{"messages": TALK}, {"messages": TALK[:2]}, *({"messages": row["messages"]} for row in sft([("Ä", "Å")]))]
    ours = [chat.seen(tokenizer, row["messages"], marked) for row in rows]
    tokenizer.chat_template = marked
    shape = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    config = SFTConfig(
        output_dir=str(tmp_path), assistant_only_loss=True, report_to="none", bf16=False, max_length=None
    )
    made = SFTTrainer(
        LlamaForCausalLM(shape), config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    prepared = list(made.train_dataset)
    assert [row["input_ids"] for row in prepared] == [seen.ids for seen in ours]
    collated = made.data_collator(prepared)["labels"].tolist()
    assert [row[: len(seen.ids)] for row, seen in zip(collated, ours, strict=True)] == [seen.labels for seen in ours]


@pytest.mark.parametrize("name", ["chatml", "qwen2.5", "smollm2", "llama-3", "llama-3.1", "phi-3", "zephyr"])
def test_a_system_message_is_rendered_as_the_template_does(name: str, tokenizer: Any) -> None:
    tokenizer.chat_template = TEMPLATES[name]
    marked = chat.marked(tokenizer)
    assert marked is not None
    talk = [{"role": "system", "content": "Be short."}, *TALK]
    text, _ = chat.render(tokenizer, talk, marked)
    assert text == chat.render(tokenizer, talk, tokenizer.chat_template)[0]
    assert text.count("Be short.") == 1


def test_a_template_with_markers_is_taken_as_it_is(tokenizer: Any) -> None:
    tokenizer.chat_template = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}"
    assert chat.marked(tokenizer) == tokenizer.chat_template


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages | reverse %}{{ m.content }}\n{% endfor %}",
        "{{ messages | length }}",
        "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}",
        "{% for m in messages %}{{ m.role }}: {{ m.content }}{% if loop.index == 5 %} five {% endif %}\n{% endfor %}",
        "{{ raise_exception('never') }}",
    ],
)
def test_a_template_that_is_not_turn_after_turn_gets_no_markers(template: str, tokenizer: Any) -> None:
    tokenizer.chat_template = template
    assert chat.marked(tokenizer) is None


def test_what_the_template_refuses_or_treats_otherwise_is_unrenderable(tokenizer: Any) -> None:
    tokenizer.chat_template = TEMPLATES["gemma"]
    marked = chat.marked(tokenizer)
    assert marked is not None
    with pytest.raises(chat.Unrenderable, match="refuses"):
        chat.seen(tokenizer, [{"role": "system", "content": "Be short."}, *TALK], marked)
    tokenizer.chat_template = TEMPLATES["chatml"].replace("m['content']", "m['content'] | replace('secret', '')")
    marked = chat.marked(tokenizer)
    assert marked is not None
    with pytest.raises(chat.Unrenderable, match="otherwise"):
        chat.seen(tokenizer, [*user("Hi"), *assistant("A secret.")], marked)


@given(
    answers=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="<|[\0"), min_size=1), min_size=1, max_size=3
    )
)
def test_what_is_learned_reads_as_the_answers(answers: list[str]) -> None:
    pytest.importorskip("transformers", reason="pip install -e '.[train]'")
    from trainers import _tiny

    made = _tiny.tokenizer(["Hello there."])
    talk = [message for answer in answers for message in (*user("Hi"), *assistant(answer))]
    seen = chat.seen(made, talk, made.chat_template)
    learned = made.decode([id_ for id_, trained in zip(seen.ids, seen.trained, strict=True) if trained])
    assert learned.removeprefix("\n") == "".join(f"{answer}<|im_end|>\n" for answer in answers).removeprefix("\n")


@pytest.mark.parametrize(
    ("messages", "names"),
    [
        (TALK, []),
        ([{"role": "system", "content": "Be short."}, *TALK], []),
        ([*user("Hi"), {"role": "assistant", "content": "?"}, {"role": "tool", "content": ""}, *assistant("So.")], []),
        (None, ["no_messages"]),
        ([], ["no_messages"]),
        ("Hi", ["no_messages"]),
        ([*user("Hi"), *assistant(None)], ["no_content"]),
        ([*user("Hi"), "Hello."], ["no_content"]),
        ([*user("Hi"), {"role": "gpt", "content": "Hello."}], ["unknown_role", "no_answer"]),
        ([*user("Hi"), {"content": "Hello."}], ["unknown_role", "no_answer"]),
        (user("Hi"), ["no_answer"]),
        ([*user("Hi"), *assistant(" \n")], ["empty_answer"]),
        ([*user(""), *assistant("Hello.")], ["empty_question"]),
        ([*user("Hi"), {"role": "system", "content": "Be short."}, *assistant("Hello.")], ["system_not_first"]),
        (assistant("Hello."), ["answer_first"]),
        ([*user("Hi"), *user("You?"), *assistant("Hello.")], ["two_in_a_row"]),
    ],
)  # fmt: skip
def test_the_faults_of_turns_have_names(messages: Any, names: list[str]) -> None:
    assert chat.faults(messages) == names


def test_the_marks_of_turns_are_known(tokenizer: Any) -> None:
    tokenizer.chat_template = TEMPLATES["mistral"]
    found = chat.controls(tokenizer, tokenizer.chat_template)
    assert isinstance(found, re.Pattern)
    assert [bool(found.search(text)) for text in ("a</s>b", "[INST]", "<|im_end|>", "a < b | c", "[INSTALL] it")] == [
        True, True, True, False, False,
    ]  # fmt: skip
