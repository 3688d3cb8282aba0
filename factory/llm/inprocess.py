"""vLLM in this process: the same door without a server. Needs the extra `[vllm]`.

Requests are batched as they come (continuous batching), and what prompts have in common at their beginning is computed
once (prefix caching): passages stand first in prompts for that. A reply of a given shape is held to its schema by
the engine.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from factory.errors import BadItem, DeadWorld, WrongRequest, did_you_mean
from factory.llm.request import LIMITS, Request
from factory.llm.settings import Model

if TYPE_CHECKING:
    from factory.llm.pool import Answer, Tried

NAME = "in process"
NOT_SAMPLING = {"model", "messages", "response_format", "chat_template_kwargs", *LIMITS}
QUIET = {  # no statistics, and no look at how this machine would reach the internet
    "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_HOST_IP": "127.0.0.1", "VLLM_LOGGING_LEVEL": "WARNING",
}  # fmt: skip


class InProcess:
    """One engine. A context manager: the model is loaded as it is entered, which takes a while."""

    def __init__(self, model: Model, *, tried: "Callable[[Tried], None] | None" = None) -> None:
        self._model, self._tried, self._count = model, tried, 0

    async def __aenter__(self) -> "InProcess":
        os.environ |= {name: value for name, value in QUIET.items() if name not in os.environ}
        try:
            from vllm import AsyncEngineArgs
            from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError:
            raise WrongRequest("vllm is not installed here. Run: pip install 'dataset-factory[vllm]'") from None
        self._params, self._structured, self._final = (
            SamplingParams,
            StructuredOutputsParams,
            RequestOutputKind.FINAL_ONLY,
        )
        known = AsyncEngineArgs.__dataclass_fields__
        for name in self._model.vllm or {}:
            if name not in known or name in ("model", "trust_remote_code"):
                raise WrongRequest(f"vllm: the engine has no option '{name}' here.{did_you_mean(name, known)}")
        try:
            arguments = AsyncEngineArgs(model=self._model.model, enable_prefix_caching=True, **(self._model.vllm or {}))
            self._engine = AsyncLLM.from_engine_args(arguments)
            self._tokenizer = self._engine.get_tokenizer()
        except Exception as error:  # the engine has many kinds: a folder without a model, too little memory
            raise WrongRequest(f"vLLM cannot load the model {self._model.model}: {_first_line(error)}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        self._engine.shutdown()

    async def post(self, request: Request, *, tokens: int) -> "Answer":
        """One chat completion. Raises BadItem for a request that the engine will not have, DeadWorld where it died."""
        from factory.llm.pool import Answer, Tried

        body = json.loads(request.body)
        began, self._count = time.monotonic(), self._count + 1
        try:
            final = await self._generate(body, f"{request.key.hex()}-{self._count}")
        except ValueError as error:  # too long, or a sampling option that is none
            raise BadItem("llm.request_refused", f"vLLM refused the request ({type(error).__name__}).") from None
        except Exception as error:
            if self._engine.errored:
                raise DeadWorld("The vLLM engine died. All answers are safe; run the same command again.") from error
            raise
        seconds = time.monotonic() - began
        if self._tried is not None:
            self._tried(Tried(NAME, 200, None, seconds))
        return Answer(_completion(final), NAME, seconds, 1)

    async def _generate(self, body: Mapping[str, Any], id_: str) -> Any:
        prompt = self._tokenizer.apply_chat_template(
            body["messages"], tokenize=False, add_generation_prompt=True, **body.get("chat_template_kwargs", {})
        )
        ids = self._tokenizer(prompt, add_special_tokens=False)["input_ids"]
        try:
            outputs = [out async for out in self._engine.generate({"prompt_token_ids": ids}, self._sampling(body), id_)]
        except asyncio.CancelledError:
            await self._engine.abort(id_)
            raise
        return outputs[-1]

    def _sampling(self, body: Mapping[str, Any]) -> Any:
        """The body's fields as the engine takes them. Raises WrongRequest for one that it does not know."""
        given = {name: value for name, value in body.items() if name not in NOT_SAMPLING}
        limit = next((body[name] for name in LIMITS if name in body), None)
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        held = self._structured(json=schema, disable_any_whitespace=True) if schema else None
        try:
            return self._params(**given, max_tokens=limit, structured_outputs=held, output_kind=self._final)
        except TypeError:
            raise WrongRequest(f"vLLM knows not all of these sampling options: {', '.join(sorted(given))}.") from None


def _completion(final: Any) -> dict[str, Any]:
    """The engine's output as a server would send it."""
    [output] = final.outputs
    message = {"role": "assistant", "content": output.text}
    usage = {"prompt_tokens": len(final.prompt_token_ids or ()), "completion_tokens": len(output.token_ids)}
    return {"choices": [{"index": 0, "message": message, "finish_reason": output.finish_reason}], "usage": usage}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
