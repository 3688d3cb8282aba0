"""Names by a GLiNER model in a folder: `gliner` needs an older transformers than the extra [train]."""

import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from factory.errors import WrongRequest
from filters import _gliner_names
from filters._gliner_names import LABELS, GlinerNames
from filters.pii import Pii
from tests.filters.test_names import scrub

with_gliner = pytest.mark.skipif(find_spec("gliner") is None, reason="needs gliner")
WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] ines weber oslo saw . person location organization city country street address"


def rows() -> list[dict[str, Any]]:
    """Sentences of *Ines Weber*, *Ines* and *Oslo*, and what these are."""
    drawn = random.Random(1)  # noqa: S311 # no secret
    made = []
    for _ in range(64):
        words: list[str] = []
        names: list[list[Any]] = []
        for name in drawn.choices([["Ines", "Weber"], ["Ines"], ["Oslo"], []], k=3):
            if name:
                names.append([len(words), len(words) + len(name) - 1, "location" if name == ["Oslo"] else "person"])
            words += [*name, drawn.choice(["saw", "."])]
        made.append({"tokenized_text": words, "ner": names, "ner_labels": list(LABELS)})
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one layer, trained here until it knows two names and a town."""
    import torch
    from gliner import GLiNER, GLiNERConfig
    from transformers import BertConfig, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("gliner")
    vocabulary = {word: nth for nth, word in enumerate(WORDS.split())}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 # no password
    plain.normalizer, plain.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    plain.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=plain, **marks).save_pretrained(path)
    encoder = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=128,
    ).to_dict()  # fmt: skip
    torch.manual_seed(3)
    model = GLiNER.from_config(
        GLiNERConfig(
            model_name=str(path), max_len=24, max_width=4, hidden_size=32, dropout=0.0, num_rnn_layers=0,
            encoder_config=encoder,
        ),
        backbone_from_pretrained=False,
    )  # fmt: skip
    collate, learn = model._create_data_collator(), torch.optim.Adam(model.parameters(), lr=5e-3)
    drawn, known = random.Random(2), rows()  # noqa: S311 # no secret
    model.train()
    for _ in range(150):
        learn.zero_grad()
        model(**collate(drawn.sample(known, 16))).loss.backward()
        learn.step()
    model.eval().save_pretrained(path, safe_serialization=True)
    return path


@with_gliner
@pytest.mark.filterwarnings("ignore")  # of the library, when it makes a model
def test_a_gliner_model_in_a_folder_reads_names(folder: Path) -> None:
    pii = Pii(ner=f"gliner:{folder}")
    assert scrub(pii, "Saw Ines Weber . Oslo saw .") == "Saw <PERSON> . <LOCATION> saw ."
    assert scrub(pii, "saw . " * 50 + "Saw Ines . ") == "saw . " * 50 + "Saw <PERSON> . "


@with_gliner
@pytest.mark.filterwarnings("ignore")
def test_the_model_and_the_release_of_the_library_name_the_features(folder: Path) -> None:
    from importlib.metadata import version

    assert Pii(ner=f"gliner:{folder}").depends_on().startswith(f"gliner {version('gliner')} ")


@with_gliner
@pytest.mark.filterwarnings("ignore")
def test_a_folder_without_its_tokenizer_is_refused_and_nothing_is_fetched(folder: Path, tmp_path: Path) -> None:
    for name in ("gliner_config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes().replace(str(folder).encode(), b"no/such"))
    with pytest.raises(WrongRequest, match="cannot be loaded"):
        GlinerNames(tmp_path)


@with_gliner
def test_weights_that_could_run_code_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "gliner_config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(WrongRequest, match="no GLiNER model with weights as safetensors"):
        Pii(ner=f"gliner:{tmp_path}")


@pytest.mark.skipif(find_spec("gliner") is not None, reason="gliner is there")
def test_without_the_library_one_is_told_what_to_install() -> None:
    with pytest.raises(WrongRequest, match="pip install gliner"):
        Pii(ner="gliner:some/folder")


@pytest.mark.parametrize(("words", "longest"), [(0, 8), (1, 8), (8, 8), (9, 8), (30, 8), (100, 384), (9, 1)])
def test_windows_read_every_word_and_no_more_than_the_model_does(words: int, longest: int) -> None:
    text = " ".join(f"w{nth}" for nth in range(words))
    parts = [text[start:end].split() for start, end in _gliner_names._windows(text, longest)]
    assert all(0 < len(part) <= longest for part in parts)
    assert {word for part in parts for word in part} == set(text.split())
