"""One entry of a recipe's `models:`: which model, where, at what price, how fast, and what it may see.

No secret is a value here: a key is named by its environment variable or file and read when the first request is made.
What is written in a recipe is copied into the run folder: a header or field that looks like a secret is refused.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from factory import __version__
from factory.errors import WrongRequest, did_you_mean
from factory.llm import _checks
from factory.policy import Confidentiality

OPENAI = "https://api.openai.com/v1"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, allow_inf_nan=False)


class Price(_Strict):
    """Per million tokens, in the currency in which `max_spend` is meant."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Timeout(_Strict):
    """Seconds: until connected, from there until the first byte of the answer, and for one whole try."""

    connect: float = Field(default=10, gt=0)
    first_byte: float = Field(default=120, gt=0)
    total: float = Field(default=600, gt=0)


class BatchFiles(_Strict):
    """Requests are left in a folder, and answers read from it, instead of being sent: by whom, or by `submit`."""

    folder: Annotated[Path, Field(strict=False)]
    submit: bool = False  # through the provider's own API


Variable = Annotated[str, AfterValidator(_checks.variable)]
File = Annotated[Path, Field(strict=False)]  # from text, too
Urls = str | list[str]
Headers = dict[str, str | dict[str, str]]


class Model(_Strict):
    """A model behind an OpenAI-compatible endpoint."""

    model: str = Field(min_length=1)
    serves: Literal["chat", "embeddings"] = "chat"
    base_url: Annotated[Urls, PlainValidator(_checks.base_url, json_schema_input_type=Urls)] = OPENAI
    api_key_env: Variable | None = None
    api_key_file: File | None = None
    api_version: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]+$")  # Azure
    headers: Annotated[Headers, PlainValidator(_checks.headers, json_schema_input_type=Headers)] = {}
    body: Annotated[dict[str, Any], AfterValidator(_checks.body)] = {}
    max_tokens: int | None = Field(default=None, ge=1)
    max_tokens_as: Literal["max_tokens", "max_completion_tokens"] | None = None  # its name in a request
    price: Price | None = None
    max_spend: float | None = Field(default=None, ge=0)
    may_see: Confidentiality | None = None
    terms: Literal["commercial", "research", "internal", "none"] | None = None  # what its answers may be used for
    structured: Literal["auto", "response_format", "prompt"] = "auto"
    reasks: int = Field(default=2, ge=0, le=20)
    keep_thinking: bool = False
    in_flight: int = Field(default=256, ge=1, le=65_536)
    rpm: int | None = Field(default=None, ge=1)
    tpm: int | None = Field(default=None, ge=1)
    tries: int = Field(default=6, ge=1, le=100)
    timeout: Timeout = Timeout()
    batch: BatchFiles | None = None
    vllm: dict[str, Any] | None = None  # options of an engine in this process, instead of a server
    proxy: Annotated[str | None, PlainValidator(_checks.proxy, json_schema_input_type=str | None)] = None
    ca_file: File | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "Model":
        limited = self.max_tokens is not None or self.serves == "embeddings"  # a vector has no tokens
        if self.max_spend is not None and (self.price is None or not limited):
            raise ValueError("max_spend needs a price and max_tokens: without them the worst case of a call is unknown")
        if self.serves == "embeddings" and (self.batch or self.vllm is not None):
            raise ValueError("embeddings are asked of a server: name neither batch nor vllm")
        if self.max_spend is not None and self.batch:
            raise ValueError("max_spend holds back calls one by one, and a batch is handed out whole: name one of them")
        if self.batch and self.batch.submit and self.api_version is not None:
            raise ValueError("batches go to Azure by a base_url that ends in /openai/v1, and no api_version")
        if self.vllm is not None and self.batch:
            raise ValueError("vllm answers here and now, a batch elsewhere and later: name one of them")
        if self.api_key_env and self.api_key_file:
            raise ValueError("name one of api_key_env and api_key_file")
        if (self.api_key_env or self.api_key_file) and self._has_own_key():
            raise ValueError("the key is named twice: by api_key_env or api_key_file, and by a header")
        return self

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "Model":
        """The same from keyword arguments, outside a recipe. Raises WrongRequest for the first thing that is wrong."""
        try:
            return cls(**settings)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the model"
            message = first["msg"].removeprefix("Value error, ")
            if first["type"] == "extra_forbidden":
                near = did_you_mean(str(first["loc"][-1]), cls.model_fields)
                message = f"there is no such setting.{near} There are: {', '.join(sorted(cls.model_fields))}"
            raise WrongRequest(f"{place}: {message[0].lower()}{message[1:]}.") from None

    @property
    def base_urls(self) -> list[str]:
        """The servers of the pool, one or several."""
        return [self.base_url] if isinstance(self.base_url, str) else self.base_url

    @property
    def sees(self) -> Confidentiality:
        """What texts may go there: as said, or restricted where all stays on this machine, else public."""
        if self.vllm is not None:
            return self.may_see or "restricted"
        by = [*self.base_urls, *([self.proxy] if self.proxy else [])]  # the environment's proxy counts as remote
        return self.may_see or ("restricted" if all(_checks.is_here(url) for url in by) else "public")

    @property
    def max_tokens_field(self) -> str:
        """What the limit is called in a request: OpenAI's newer models refuse the name that all others know."""
        if self.max_tokens_as:
            return self.max_tokens_as
        return "max_completion_tokens" if all(_is_openai(url) for url in self.base_urls) else "max_tokens"

    def urls(self) -> list[str]:
        """Where completions or embeddings are asked for, one URL a server."""
        path = "embeddings" if self.serves == "embeddings" else "chat/completions"
        if self.api_version is None:
            return [f"{url}/{path}" for url in self.base_urls]
        bare = f"/openai/deployments/{self.model}"
        filled = [url if "/deployments/" in url else url.removesuffix("/openai") + bare for url in self.base_urls]
        return [f"{url}/{path}?api-version={self.api_version}" for url in filled]

    def identity(self) -> dict[str, Any]:
        """What a dataset depends on: never a limit, a URL, a key or a rate."""
        names = {"model", "serves", "body", "structured", "reasks", "keep_thinking"}
        return self.model_dump(mode="json", include=names)

    def key_variable(self) -> str | None:
        """The environment variable of the key: as named, or the usual one where every server is its maker's own."""
        if self.api_key_env or self.api_key_file:
            return self.api_key_env
        if self._has_own_key():
            return None
        hosts = [urlsplit(url).hostname or "" for url in self.base_urls]
        if all(host.endswith(".azure.com") for host in hosts):
            return "AZURE_OPENAI_API_KEY"
        return "OPENAI_API_KEY" if all(_is_openai(url) for url in self.base_urls) else None

    def _has_own_key(self) -> bool:
        return any(name.lower() in ("authorization", "api-key") for name in self.headers)

    def key(self) -> str | None:
        """The key, read now. Raises WrongRequest, which names the variable or the file."""
        variable = self.key_variable()
        if variable is not None:
            return _secret(variable)
        if self.api_key_file is None:
            return None
        try:
            key = self.api_key_file.expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise WrongRequest(f"The key file {self.api_key_file} is not readable ({type(error).__name__}).") from None
        if not key or not _checks.HEADER_VALUE.match(key):
            raise WrongRequest(f"The key file {self.api_key_file} must hold the key on one line and nothing else.")
        return key

    def request_headers(self) -> dict[str, str]:
        """The headers of every request with their secrets: to be sent, never shown. Raises WrongRequest."""
        made = {"Content-Type": "application/json", "User-Agent": f"dataset-factory/{__version__}"}
        key = self.key()
        if key is not None:
            made |= {"api-key": key} if self.api_version else {"Authorization": f"Bearer {key}"}
        for name, value in self.headers.items():
            made[name] = value if isinstance(value, str) else _secret(value["env"])
        return made


def _secret(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise WrongRequest(f"The environment variable {variable} is not set. Set it to the key of the model's server.")
    if not _checks.HEADER_VALUE.match(value):
        raise WrongRequest(f"The environment variable {variable} holds more than one line of plain text.")
    return value


def _is_openai(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("api.openai.com", "eu.api.openai.com", "us.api.openai.com") or host.endswith(".openai.azure.com")
