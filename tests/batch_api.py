"""`/v1/files` and `/v1/batches` of the model server: batches are answered with its own replies, in the states told.

    server.batches.states.extend(["in_progress", "expired"])  # of the next looks; without one a batch is completed
    server.batches.at_most = 3                                # lines that a batch answers before it ends
    server.batches.fails("create", "reset", done=True)        # the next creation is made, and its answer lost

Calls are `upload`, `create`, `look`, `list` and `content`. Faults: `http_NNN`,
`insufficient_quota`, `redirect`, `reset`, `wrong_content_type`, `empty_object`, `cut_body`.
"""

import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

Completion = Callable[[dict[str, Any]], dict[str, Any]]
Refusal = Callable[[web.Request, str | None], web.Response | None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PAGE = 2  # batches of one page of the list, whatever was asked: the next page must be asked for


class BatchApi:
    """The files and batches of a provider, and what it saw."""

    def __init__(self, completion: Completion, refuse: Refusal) -> None:
        self._completion, self._refuse = completion, refuse
        self.states: deque[str] = deque()
        self.at_most: int | None = None
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}  # newest last
        self.calls: Counter[str] = Counter()  # those that were carried out
        self.headers: list[Mapping[str, str]] = []  # of every request
        self.names: list[str] = []  # of the files that were uploaded
        self._faults: dict[str, deque[tuple[str, bool]]] = {}

    def fails(self, call: str, *faults: str, done: bool = False) -> None:
        """The faults of the next requests for a call; `done` says that it is carried out all the same."""
        self._faults.setdefault(call, deque()).extend((fault, done) for fault in faults)

    def route(self, app: web.Application) -> None:
        """Answer these paths."""
        app.router.add_post("/v1/files", self._handled("upload", self._upload))
        app.router.add_get("/v1/files/{id}/content", self._handled("content", self._content))
        app.router.add_post("/v1/batches", self._handled("create", self._create))
        app.router.add_get("/v1/batches", self._handled("list", self._list))
        app.router.add_get("/v1/batches/{id}", self._handled("look", self._look))

    def _handled(self, call: str, carry_out: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.headers.append(request.headers.copy())
            faults = self._faults.get(call)
            fault, done = faults.popleft() if faults else (None, False)
            cut = fault == "cut_body"
            refused = self._refuse(request, None if cut else fault)
            if refused is not None and not done:
                return refused
            self.calls[call] += 1
            answer = await carry_out(request)
            return await _cut(request, answer) if cut else refused or answer

        return handle

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert form["purpose"] == "batch"
        assert isinstance(file, web.FileField)
        self.names.append(file.filename)
        return web.json_response({"id": self._keep(file.file.read()), "object": "file", "purpose": "batch"})

    def _keep(self, content: bytes) -> str:
        id_ = f"file-{len(self.files) + 1}"
        self.files[id_] = content
        return id_

    async def _content(self, request: web.Request) -> web.StreamResponse:
        content = self.files.get(request.match_info["id"])
        return _missing() if content is None else web.Response(body=content)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        assert asked["endpoint"] == "/v1/chat/completions"
        assert asked["completion_window"] == "24h"
        id_ = f"batch_{len(self.batches) + 1}"
        total = len(self.files[asked["input_file_id"]].splitlines())
        self.batches[id_] = asked | {
            "id": id_,
            "object": "batch",
            "created_at": 0,
            "status": "validating",
            "request_counts": {"total": total, "completed": 0, "failed": 0},
        }
        return web.json_response(self.batches[id_])

    async def _list(self, request: web.Request) -> web.StreamResponse:
        newest = list(self.batches.values())[::-1]
        after = request.query.get("after")
        start = next((n + 1 for n, batch in enumerate(newest) if batch["id"] == after), 0)
        page = newest[start : start + PAGE]
        more = start + PAGE < len(newest)
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        return web.json_response({"object": "list", "data": page, "has_more": more, **ends})

    async def _look(self, request: web.Request) -> web.StreamResponse:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return _missing()
        if batch["status"] not in ("completed", "expired", "cancelled", "failed"):
            self._go_on(batch, self.states.popleft() if self.states else "completed")
        return web.json_response(batch)

    def _go_on(self, batch: dict[str, Any], status: str) -> None:
        """Bring a batch into a state, with the answers that it then has."""
        batch["status"] = status
        if status == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "token_limit_exceeded", "message": "Too many."}]}
        if status in ("validating", "failed"):
            return
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        answered = lines[: self.at_most]
        batch["request_counts"] |= {"completed": len(answered)}
        if status in ("completed", "expired", "cancelled"):
            batch["output_file_id"] = self._keep(b"".join(self._answer(line) for line in answered))
            lost = b"".join(_lost(line, status) for line in lines[len(answered) :])
            batch["error_file_id"] = self._keep(lost) if lost else None

    def _answer(self, line: dict[str, Any]) -> bytes:
        response = {"status_code": 200, "request_id": "r", "body": self._completion(line["body"])}
        return (
            json.dumps({"id": "b", "custom_id": line["custom_id"], "response": response, "error": None}).encode()
            + b"\n"
        )


def _lost(line: dict[str, Any], status: str) -> bytes:
    """What the file of errors says of a request that was not answered."""
    error = {"code": f"batch_{status}", "message": "It was not reached."}
    return json.dumps({"id": "b", "custom_id": line["custom_id"], "response": None, "error": error}).encode() + b"\n"


def _missing() -> web.Response:
    error = {"message": "There is none.", "type": "invalid_request_error", "code": None}
    return web.json_response({"error": error}, status=404)


async def _cut(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Half of an answer, then the end of the connection."""
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    response = web.StreamResponse(headers={"Content-Length": str(len(answer.body))})
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
