"""The engine in this process. What needs the engine itself is run by hand: MODEL=folder pytest -m real_model."""

import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from factory.errors import WrongRequest
from factory.llm import LLM, Model


def test_an_engine_in_this_process_may_see_everything_and_a_batch_is_another_way() -> None:
    assert Model.of({"model": "folder", "vllm": {}}).sees == "restricted"
    assert Model.of({"model": "folder", "vllm": {}, "may_see": "internal"}).sees == "internal"
    with pytest.raises(WrongRequest, match="name one of them"):
        Model.of({"model": "folder", "vllm": {}, "batch": {"folder": "b"}})


async def test_without_the_extra_it_says_what_to_install() -> None:
    try:
        import vllm  # noqa: F401
    except ImportError:
        with pytest.raises(WrongRequest, match=r"pip install 'dataset-factory\[vllm\]'"):
            async with LLM(Model.of({"model": "folder", "vllm": {}})):
                pass


class Capital(BaseModel):
    """A city."""

    city: str


@pytest.mark.real_model
@pytest.mark.filterwarnings("ignore")  # those of the engine and of what it loads
@pytest.mark.skipif("MODEL" not in os.environ, reason="names no model: MODEL=folder, in an environment with vllm")
async def test_the_engine_answers_samples_and_holds_to_a_schema(tmp_path: Path) -> None:
    engine = {
        "max_model_len": 2048,
        "enforce_eager": True,
        "gpu_memory_utilization": 0.5,
    }  # of RAM where there is no GPU
    model = Model.of({"model": os.environ["MODEL"], "max_tokens": 400, "vllm": engine})
    async with LLM(model, journal=tmp_path / "journal.sqlite") as llm:
        said = await llm.chat("What is the capital of Germany?", n=4, temperature=1.0)
        assert len(said) >= 2  # a small model runs on now and then, and what is cut is left out
        assert len({reply.text for reply in said}) == len(said)
        city = await llm.ask("What is the capital of Germany?", Capital, temperature=0.0)
        assert city.city
        before = llm.stats.from_journal
        assert await llm.ask("What is the capital of Germany?", Capital, temperature=0.0) == city
        assert llm.stats.from_journal == before + 1
    with pytest.raises(WrongRequest, match="has no option 'max_model_length'"):
        async with LLM(model.model_copy(update={"vllm": {"max_model_length": 1}})):
            pass
