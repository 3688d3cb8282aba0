"""The provider's files and batches through the openai package, as the recipe says: its headers, its proxy, no redirect.

    provider = Provider(model)
    with provider.asking("the file llm-0001.jsonl") as client:
        client.batches.retrieve("batch_1")

Nothing is taken from the package's own environment variables but what the recipe names, and what the package would tell
of this machine is left out. Requests themselves never go this way: see `transport.py`.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from factory.errors import DeadWorld
from factory.llm.pool import CODE, HOPELESS, OUT_OF_MONEY, SAFE, cure
from factory.llm.settings import Model
from factory.llm.transport import Transport, trust

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

PIECE = 2**16  # bytes of a download that are held at once
LATER = "Run the same command again later."
# headers that the package sets by itself: of this machine, of an account out of its own variables, of no key at all
UNASKED = ("x-stainless-", "openai-", "authorization")


class Provider:
    """The first server of a model, asked for files and batches. The key is read when it is first asked."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.url = model.base_urls[0]

    @cached_property
    def _client(self) -> "OpenAI":
        import openai  # here: it takes most of a second

        headers, trusted, limit = self._headers(), trust(self._model), self._model.timeout

        def leave_out(request: Any) -> None:
            for name in [n for n in request.headers if n.startswith(UNASKED) and n.title() not in headers]:
                del request.headers[name]

        return openai.OpenAI(
            api_key="none",  # the package wants one; what is sent is the header of the recipe, or none
            base_url=self.url,
            timeout=openai.Timeout(limit.first_byte, connect=limit.connect),
            default_headers=headers,
            http_client=openai.DefaultHttpxClient(
                proxy=Transport(self._model).proxy(self.url),
                verify=trusted if isinstance(trusted, ssl.SSLContext) else ssl.create_default_context(),
                trust_env=False,
                event_hooks={"request": [leave_out]},
                follow_redirects=False,  # they would take the key to another host
            ),
        )

    def _headers(self) -> dict[str, str]:
        given = {name.title(): value for name, value in self._model.request_headers().items()}
        del given["Content-Type"]  # a file is sent as a form
        return given

    def close(self) -> None:
        """Give its connections back, if it was asked at all."""
        if "_client" in self.__dict__:
            self._client.close()

    @contextmanager
    def asking(self, what: str, *, retries: int | None = None, unknown: str | None = None) -> "Iterator[OpenAI]":
        """The client, for one call about `what`. Raises DeadWorld, in one line, for whatever goes wrong with it.

        `retries` is how often the package may try again, where that is not its own number; `unknown` is what a 404
        means.
        """
        import openai

        client = self._client
        try:
            yield client if retries is None else client.with_options(max_retries=retries)
        except openai.APIStatusError as error:
            raise DeadWorld(f"{self.url}, asked about {what}, answered {self._refused(error, unknown)}") from None
        except openai.APIConnectionError as error:
            said = "could not be reached, or its answer was lost. Check base_url, or run the same command again later."
            if _has(error, ssl.SSLCertVerificationError):
                said = "has a certificate that is not trusted. Name who signed it with 'ca_file:'."
            raise DeadWorld(f"{self.url}, asked about {what}, {said} {SAFE}") from None
        except (openai.OpenAIError, ValueError, AttributeError, TypeError):  # the package looks at no answer's shape
            raise DeadWorld(
                f"{self.url}, asked about {what}, answered something else. Check base_url. {SAFE}"
            ) from None

    def pieces(self, file_id: str, what: str, unknown: str) -> Iterator[bytes]:
        """The content of a file of the provider, a piece at a time. Raises DeadWorld, also where it is cut off."""
        with (
            self.asking(what, unknown=unknown) as client,
            client.files.with_streaming_response.content(file_id) as response,
        ):
            try:
                yield from response.iter_bytes(PIECE)
            except Exception as error:  # noqa: BLE001 # once it streams, the errors are those of the HTTP library below
                name = type(error).__name__
                raise DeadWorld(f"{self.url}: {what} was cut off while it came ({name}). {LATER}") from None

    def _refused(self, error: "APIStatusError", unknown: str | None) -> str:
        """The status and what to do about it. An error's text may quote what was sent: only its code is told."""
        status = error.status_code
        code = next((code for code in (error.code, error.type) if isinstance(code, str) and CODE.match(code)), "")
        said = f"{status} ({code})" if code else f"{status}"
        if status == 404:
            return f"{said}: {unknown or 'it has no batches there. Check base_url.'}"
        if code in OUT_OF_MONEY or status in HOPELESS or status < 400:
            return f"{said}: {cure(self._model, status, code)} {SAFE}"
        if status == 429 or status >= 500:
            return f"{said}. {LATER}"
        return f"{said}: it does not take that. {SAFE}"


def _has(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether an error comes from one of a kind."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found is not None
