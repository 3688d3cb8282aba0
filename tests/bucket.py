"""Places to fetch from: a store of objects that fsspec knows as `bucket://`, and a web server on loopback.

    with Bucket.filled({"docs/a.md": b"# A"}) as bucket:
        ...  # sources: [{path: bucket://docs}], then bucket.fetched; bucket.faults["docs/a.md"] = PermissionError()

    with Web({"/a.md": b"# A"}) as web:
        ...  # sources: [{path: f"{web.url}/a.md"}], then web.fetched; web.password, web.signature, web.cut

As in S3, an object's name is any text, and there are no folders but those that names speak of.
"""

import base64
import hashlib
import io
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import fsspec
from fsspec import AbstractFileSystem


class Bucket(AbstractFileSystem):
    """The filesystem behind `bucket://`."""

    protocol = "bucket"
    objects: ClassVar[dict[str, bytes]] = {}
    faults: ClassVar[dict[str, Exception]] = {}  # by name: what reading it raises; '' for whatever is asked
    cut: ClassVar[dict[str, int]] = {}  # by name: how many bytes come
    endless: ClassVar[set[str]] = set()  # by name: what comes has no end
    ends: ClassVar[set[str]] = set()  # by name: who reads it may read nothing any more
    fetched: ClassVar[list[str]] = []
    options: ClassVar[list[dict[str, Any]]] = []
    tells: ClassVar[bool] = True  # an ETag

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.options.append(options)

    @classmethod
    @contextmanager
    def filled(cls, objects: Mapping[str, bytes | str]) -> Iterator[type["Bucket"]]:
        """The bucket with these objects, and nothing noted."""
        fsspec.register_implementation("bucket", cls, clobber=True)
        cls.clear_instance_cache()
        cls.objects = {name: its.encode() if isinstance(its, str) else its for name, its in objects.items()}
        cls.faults, cls.cut, cls.fetched, cls.options, cls.tells = {}, {}, [], [], True
        cls.endless, cls.ends = set(), set()
        yield cls

    def _info(self, name: str) -> dict[str, Any]:
        content = self.objects[name]
        told = {"ETag": hashlib.md5(content).hexdigest()} if self.tells else {}  # noqa: S324 # as object stores do
        return {"name": name, "size": len(content), "type": "file", **told}

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        if "" in self.faults:
            raise self.faults[""]
        if path in self.objects:
            return self._info(path)
        if any(name.startswith(path + "/") for name in self.objects):
            return {"name": path, "size": 0, "type": "directory"}
        raise FileNotFoundError(path)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        below = [name for name in self.objects if name.startswith(path + "/" if path else "")]
        cuts = len(path) + 1 if path else 0
        folders = {name[:cuts] + name[cuts:].partition("/")[0] for name in below if "/" in name[cuts:]}
        found = [self._info(name) for name in below if "/" not in name[cuts:]]
        found += [{"name": name, "size": 0, "type": "directory"} for name in sorted(folders)]
        return found if detail else [its["name"] for its in found]

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **_: Any
    ) -> Any:
        """All below, by name alone, as object stores do it."""
        below = self._strip_protocol(path) + "/"
        found = {name: self._info(name) for name in sorted(self.objects) if name.startswith(below)}
        return found if detail else list(found)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> io.BytesIO:
        self.fetched.append(path)
        if path in self.endless:
            return _Endless()
        if path in self.ends:
            self.faults[""] = PermissionError(path)
        for name in (path, ""):
            if name in self.faults:
                raise self.faults[name]
        return io.BytesIO(self.objects[path][: self.cut.get(path)])


class _Endless(io.BytesIO):
    """Bytes without an end."""

    def read(self, size: int | None = -1) -> bytes:
        time.sleep(0.01)
        return b"more "


class Web:
    """A web server on loopback. It asks for `password` (basic) or `signature` (in the query) where there is one."""

    def __init__(self, files: Mapping[str, bytes | str], types: Mapping[str, str] | None = None) -> None:
        self.files = {name: its.encode() if isinstance(its, str) else its for name, its in files.items()}
        self.types = types or {}  # by path: what it says of a file
        self.password = self.signature = ""
        self.etags, self.cut = True, 0
        self.silent = ""  # the path of a file of which only the beginning comes
        self.fetched: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def __enter__(self) -> "Web":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            web.fetched.append(urlsplit(self.path).path)
            content = self._answer()
            self.wfile.write(content[: -web.cut] if web.cut else content[:9] if self.path == web.silent else content)
            while self.path == web.silent:
                time.sleep(0.01)

        def _answer(self) -> bytes:
            path, query = unquote(urlsplit(self.path).path), parse_qs(urlsplit(self.path).query)
            known = f"Basic {base64.b64encode(f'anna:{web.password}'.encode()).decode()}"
            status = 200 if path in web.files else 404
            status = 401 if web.password and self.headers.get("Authorization") != known else status
            status = 403 if web.signature and query.get("X-Amz-Signature") != [web.signature] else status
            content = web.files[path] if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status == 200 and web.etags:
                self.send_header("ETag", hashlib.md5(content).hexdigest())  # noqa: S324 # as servers do
            self.send_header("Content-Type", web.types.get(path, "application/octet-stream"))
            self.end_headers()
            return content

        def log_message(self, *_: Any) -> None:
            """Nothing: it would go to stderr."""

    return Handler
