"""A real HTTP server on loopback that speaks what `huggingface_hub` asks of the hub to make and fill a dataset."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

NOT_THERE = {"X-Error-Code": "RepoNotFound"}


@dataclass
class Repository:
    """One dataset of the hub."""

    is_private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


class HubServer:
    """The hub and what it holds. A context manager; `token` is the one login, others get a 401."""

    def __init__(self, token: str = "hf_a_token_of_the_test") -> None:  # noqa: S107 # it opens nothing
        self.token = token
        self.repositories: dict[str, Repository] = {}
        self.asked: list[str] = []
        self.fails_with: int | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is to be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "HubServer":
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("GET")

            def do_POST(self) -> None:
                self._answer("POST")

            def _answer(self, method: str) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = urlsplit(self.path).path
                hub.asked.append(f"{method} {path}")
                if self.headers.get("Authorization") != f"Bearer {hub.token}":
                    return self._send(401, {"error": "Invalid username or password."}, {})
                if hub.fails_with is not None:
                    return self._send(hub.fails_with, {"error": "secret words of the hub"}, {})
                self._send(*hub.answer(method, path, body))

            def _send(self, status: int, value: Any, headers: dict[str, str]) -> None:
                content = json.dumps(value).encode()
                self.send_response(status)
                for name, header in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, header)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        return Handler

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON and headers."""
        if path == "/api/repos/create":
            return self._created(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}, {}
        parts = path.removeprefix("/api/datasets/").split("/")
        repository = self.repositories.get("/".join(parts[:2]))
        if repository is None:
            return 404, {"error": "Repository not found"}, NOT_THERE
        ways: dict[str, Callable[[], Any]] = {
            "": lambda: self._info("/".join(parts[:2]), repository),
            "revision": lambda: self._info("/".join(parts[:2]), repository),
            "tree": lambda: [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in repository.files.items()
            ],
            "preupload": lambda: {
                "files": [
                    {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for file in json.loads(body)["files"]
                ]
            },
            "commit": lambda: self._committed("/".join(parts[:2]), repository, body),
        }
        return 200, ways[parts[2] if parts[2:] else ""](), {}

    def _created(self, asked: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        name = "/".join(filter(None, [asked.get("organization"), asked["name"]]))
        url = {"url": f"{self.url}/datasets/{name}", "name": name}
        if name in self.repositories:
            return 409, {**url, "error": "You already created this dataset repo"}, {}
        is_private = asked.get("private") is True or asked.get("visibility") == "private"
        self.repositories[name] = Repository(is_private)
        return 200, url, {}

    def _info(self, name: str, repository: Repository) -> dict[str, Any]:
        siblings = [{"rfilename": file} for file in repository.files]
        return {"id": name, "private": repository.is_private, "sha": "1" * 40, "siblings": siblings, "tags": []}

    def _committed(self, name: str, repository: Repository, body: bytes) -> dict[str, Any]:
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "header":
                repository.messages.append(value["summary"])
            elif line["key"] == "file":
                repository.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del repository.files[value["path"]]
        return {"success": True, "commitOid": "2" * 40, "commitUrl": f"{self.url}/datasets/{name}/commit/{'2' * 40}"}
