"""Embeddings: which model, what it makes of texts, and what no folder can do."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from factory import plugins
from factory.corpus import Row
from factory.errors import WrongRequest
from filters._embedders import embedded
from filters._nearest import cosines
from filters.diversity import Diversity
from filters.question_dedup import QuestionDedup
from filters.semantic_dedup import SemanticDedup
from tests.filters.sourced import measured, sft

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="needs the extra [train]")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "pump", "valve", "lid", "fan", "opens", "closes", "query"]
LIMIT = 8  # tokens of the model below, its two marks among them


def saved_model(folder: Path, *, numbers: int = 16, layers: int = 1) -> str:
    """A small encoder whose weights are drawn, in the plain format of transformers."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=numbers, num_hidden_layers=layers, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=32, initializer_range=1.0,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    plain = Tokenizer(models.WordLevel({word: nth for nth, word in enumerate(WORDS)}, unk_token="[UNK]"))  # noqa: S106 # no password
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    plain.normalizer = normalizers.NFC()
    plain.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    transformers.PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]").save_pretrained(folder)  # noqa: S106 # no password
    return f"sentence-transformers:{folder}"


def write(folder: Path, **files: Any) -> None:
    """The files that sentence-transformers lays beside a model."""
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def with_modules(folder: Path, *modules: str, pooling: dict[str, Any] | None = None) -> None:
    (folder / "1_Pooling").mkdir(exist_ok=True)
    write(folder / "1_Pooling", config=pooling or {})
    paths = {"Transformer": "", "Pooling": "1_Pooling"}
    package = "sentence_transformers.models"
    write(folder, modules=[{"type": f"{package}.{name}", "path": paths.get(name, name)} for name in modules])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    saved_model(tmp_path)
    return tmp_path


def shown(id_: str, question: str, answer: str) -> Row:
    """A row with its terms."""
    row = sft(id_, question, answer)
    row.info |= {"licence": None, "copyright": None, "confidentiality": "internal", "sources": []}
    return row


def made(folder: Path, texts: Sequence[str]) -> Any:
    """What a model that is loaded anew makes of texts."""
    from filters._embeddings import quantised
    from filters._sentence_transformers import SentenceTransformer

    return quantised(SentenceTransformer(folder).vectors(texts))


def states(folder: Path, tokens: Sequence[str]) -> Any:
    """The last states of the model, computed beside it."""
    import torch
    from transformers import BertModel

    ids = torch.tensor([[WORDS.index(token) for token in tokens]])
    with torch.inference_mode():
        return BertModel.from_pretrained(folder).eval()(input_ids=ids).last_hidden_state[0].numpy()


def agree(vectors: Any, expected: Any) -> bool:
    ours = vectors[0].astype(float)
    return bool(ours @ expected / np.linalg.norm(ours) / np.linalg.norm(expected) > 0.999)


def test_a_plain_encoder_gives_the_mean_of_its_states(folder: Path) -> None:
    expected = states(folder, ["[CLS]", "pump", "opens", "[SEP]"])
    assert agree(made(folder, ["pump opens"]), expected.mean(axis=0))
    assert not agree(made(folder, ["pump closes"]), expected.mean(axis=0))


@pytest.mark.parametrize("said", [{"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
                                  {"pooling_mode": "cls", "word_embedding_dimension": 16}])  # fmt: skip
def test_the_folder_says_how_states_become_one_vector(folder: Path, said: dict[str, Any]) -> None:
    with_modules(folder, "Transformer", "Pooling", "Normalize", pooling=said)
    expected = states(folder, ["[CLS]", "pump", "opens", "[SEP]"])
    assert agree(made(folder, ["pump opens"]), expected[0])
    assert not agree(made(folder, ["pump opens"]), expected.mean(axis=0))


def test_the_folder_says_how_much_is_read_and_in_which_letters(folder: Path) -> None:
    write(folder, sentence_bert_config={"max_seq_length": LIMIT, "do_lower_case": True})
    long = "pump " * (LIMIT - 2)
    [as_read, longer, capital] = made(folder, [long, long + "valve fan", long.upper()])
    assert (as_read == longer).all()
    assert (as_read == capital).all()


def test_the_folder_says_what_stands_before_a_text(folder: Path) -> None:
    plain = made(folder, ["query pump"])
    write(folder, config_sentence_transformers={"prompts": {"q": "query "}, "default_prompt_name": "q"})
    assert (made(folder, ["pump"]) == plain).all()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_model(tmp_path_factory.mktemp("model"))


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS)).map(" ".join)), max_size=4))
def test_a_text_has_a_vector_of_its_own_whatever_stands_beside_it(model: str, texts: list[str]) -> None:
    together = embedded(texts, model)
    assert together.shape == (len(texts), 16)
    for nth, text in enumerate(texts):
        assert (embedded([text], model)[0] == together[nth]).all()
        assert together[nth].any() == bool(text.strip())


def test_a_filter_by_another_model_measures_again_and_finds_other_candidates(folder: Path) -> None:
    name = f"sentence-transformers:{folder}"
    with_modules(folder, "Transformer", "Pooling")
    before = plugins.filter_("semantic_dedup", {"embedder": name})
    with_modules(folder, "Transformer", "Pooling", pooling={"pooling_mode_cls_token": True})
    assert len({before.digest, *(plugins.filter_("semantic_dedup", {"embedder": by}).digest
                                 for by in (name, "wordllama"))}) == 3  # fmt: skip


@pytest.mark.parametrize("filter_", ["semantic_dedup", "question_dedup", "diversity"])
def test_the_vectors_of_a_filter_are_those_of_its_model(model: str, filter_: str) -> None:
    code: Any = {
        "semantic_dedup": lambda: SemanticDedup(embedder=model),
        "question_dedup": lambda: QuestionDedup(other_words=True, embedder=model),
        "diversity": lambda: Diversity(keep=1, vectors="embeddings", embedder=model),
    }[filter_]()
    features = measured(code, [shown("r", "pump opens", "pump closes")])
    texts = {"question_dedup": "pump opens"}
    [vector] = features["vector"].to_pylist()
    assert (np.frombuffer(vector, np.int8) == embedded([texts.get(filter_, "pump opens\npump closes")], model)[0]).all()
    assert code.decide(features, code.settle(code.scan(features), lambda ids: [])).rows[0]["outcome"] == "keep"


def test_rows_that_say_the_same_are_found_by_another_model_and_others_stay(model: str) -> None:
    rows = {"a": "The pump opens the lid.", "b": "A pump opens the lid.", "c": "The pump does not open the lid."}
    code = SemanticDedup(threshold=0.5, embedder=model)
    features = measured(code, [shown(id_, text, "") for id_, text in rows.items()])
    state = code.settle(code.scan(features), lambda ids: [(id_, rows[id_]) for id_ in ids])
    assert [row["reason"] for row in code.decide(features, state).rows] == [None, "semantic_dedup.same_meaning", None]


def test_weights_that_could_run_code_are_not_read(folder: Path) -> None:
    import torch
    from transformers import BertModel

    torch.save(BertModel.from_pretrained(folder).state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(WrongRequest, match="no weights as safetensors in"):
        SemanticDedup(embedder=f"sentence-transformers:{folder}")


def test_code_that_lies_in_a_folder_is_not_run(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')", encoding="utf-8")
    write(folder, config={**config, "model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M"}})
    with pytest.raises(WrongRequest, match=r"cannot be loaded \(ValueError\)"):
        made(folder, ["pump"])
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("modules", "pooling", "said"),
    [
        (["Transformer", "Pooling", "Dense"], {}, "has a module Dense"),
        (["Transformer", "Pooling"], {"pooling_mode_lasttoken": True}, "pools by last"),
        (
            ["Transformer", "Pooling"],
            {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
            r"by cls\+mean",
        ),
        (["Transformer", "Pooling"], {"pooling_mode": ["cls", "mean"]}, r"by cls\+mean"),
        (["Transformer", "Pooling"], {"pooling_mode": "mean", "include_prompt": False}, r"by mean\+without prompt"),
    ],
)
def test_a_model_that_is_read_in_another_way_is_refused(
    folder: Path, modules: list[str], pooling: dict[str, Any], said: str
) -> None:
    with_modules(folder, *modules, pooling=pooling)
    with pytest.raises(WrongRequest, match=said):
        QuestionDedup(other_words=True, embedder=f"sentence-transformers:{folder}")


def test_a_model_of_many_numbers_is_rounded_so_that_they_can_be_summed_exactly(tmp_path: Path) -> None:
    saved_model(tmp_path, numbers=2048, layers=0)
    [vector] = made(tmp_path, ["pump valve"])
    assert vector.shape == (2048,)
    assert np.abs(vector).max() == 90  # 90 * 90 * 2048 < 2**24


def test_a_file_that_is_no_json_is_named(folder: Path) -> None:
    (folder / "modules.json").write_text("{", encoding="utf-8")
    with pytest.raises(WrongRequest, match=r"modules\.json is not JSON"):
        SemanticDedup(embedder=f"sentence-transformers:{folder}")


@pytest.mark.parametrize(
    ("filter_", "options", "said"),
    [
        ("semantic_dedup", {"embedder": "wordlama"}, "embedder: 'wordlama' is no model. Did you mean 'wordllama'?"),
        ("semantic_dedup", {"embedder": "wordllama:x"}, "is no model"),
        ("semantic_dedup", {"embedder": "sentence-transformers"}, "Known: wordllama, sentence-transformers:FOLDER"),
        ("semantic_dedup", {"embedder": "sentence-transformers:no/such"}, "hf download ORGANISATION/MODEL --local-dir"),
        ("question_dedup", {"embedder": "sentence-transformers:x"}, "embedder needs other_words: true"),
        ("diversity", {"keep": 1, "embedder": "sentence-transformers:x"}, "embedder needs vectors: embeddings"),
    ],
)
def test_a_model_that_is_none_is_refused(filter_: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest, match=said):
        plugins.filter_(filter_, options)


def test_texts_without_a_word_are_near_nothing(model: str) -> None:
    vectors = embedded(["", " \n", "pump"], model)
    assert not cosines(vectors, vectors)[:2].any()
