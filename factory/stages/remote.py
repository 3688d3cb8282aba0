"""The filesystem behind an address, as fsspec has it: what lies there, a file of it, and what its errors mean.

Each filesystem has errors of its own, whose words may quote addresses and headers: what is said of one is its class or
its HTTP status.
"""

import errno
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from factory import addresses, runs, tables
from factory.errors import BadItem, DeadWorld, FactoryError, WrongRequest
from factory.readers.read import FORMATS, unsupported
from factory.readers.reading import storable
from factory.readers.rows import is_rows
from factory.recipe import Source
from factory.recipe.file import WILD

CONNECT_S, SILENT_S = 30, 120  # a web server that says nothing for so long is gone; a large file may take longer
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
NO_PLACE = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EINVAL, errno.EILSEQ)
TELLING = {  # of what filesystems say of a file: what changes with its bytes
    "etag", "contentmd5", "md5", "md5hash", "crc32c", "checksum", "digest", "generation", "versionid", "lastmodified",
    "mtime", "modified", "modify", "updated", "created", "lastwritetime",
}  # fmt: skip
# Names of errors, since each filesystem has its own and none need be installed: of its base classes one is among these.
DEAD = {"ConnectionError", "TimeoutError", "ClientConnectionError", "TransportError", "HTTPClientError", "gaierror"}
REFUSED = {
    "PermissionError", "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound",
    "DefaultCredentialsError", "RefreshError", "ClientAuthenticationError", "AuthenticationException", "LoginError",
}  # fmt: skip


class There(NamedTuple):
    """A file where it lies: its name there, its size where it is known, what tells of a change ('': nothing does)."""

    name: str
    size: int | None
    mark: str


def check_backend(path: str) -> None:
    """Raise WrongRequest where no installed filesystem reads an address."""
    import fsspec
    from fsspec.registry import known_implementations

    name = addresses.scheme(path)
    try:
        fsspec.get_filesystem_class(name)
    except ValueError:
        raise WrongRequest(f"{name}:// is no address that fsspec reads. Common ones: s3://, gs://, https://.") from None
    except ImportError as error:
        package = str(known_implementations[name]["class"]).partition(".")[0]
        how = f"pip install {package}" if package != "fsspec" else str(error)
        raise WrongRequest(f"{name}:// is read by a package that is not installed: {how}") from None


class Remote:
    """The filesystem behind an address. Its errors may quote addresses and headers: none is said or kept."""

    def __init__(self, source: Source) -> None:
        import fsspec

        self.path = source.path
        self.stopped = Event()  # nobody waits for what is being fetched
        self._source = source
        self._watch = _watch(self.stopped)
        _quieten(source)
        try:
            self._fs, self._root = fsspec.url_to_fs(source.address, **{**source.storage, **_patient(source)})
        except Exception as error:  # noqa: BLE001 # each filesystem has errors of its own
            raise self._failed(error) from None
        self.many = bool(self._fs.async_impl)

    def listed(self) -> dict[str, There]:
        """The files of the source, by their path below its root."""
        try:
            return {path: its for path, its in self._files() if _is_shown(self._source, path)}
        except Exception as error:  # noqa: BLE001 # as above
            raise self._failed(error) from None

    def _files(self) -> Iterator[tuple[str, There]]:
        self._fs.invalidate_cache()  # it may be that of an earlier run of this process
        if addresses.is_web(self.path):
            info = self._fs.info(self._root)
            yield _web_name(self.path, info), _there(self._root, info)
            return
        root, found = self._found()
        for name, info in found.items():
            if info.get("type", "file") != "directory" and not name.endswith("/"):  # as S3's console marks a folder
                yield storable(name.removeprefix(root.rstrip("/") + "/"))[0], _there(name, info)

    def _found(self) -> tuple[str, dict[str, Any]]:
        """The root of the source and what the filesystem says of each file, by name. A bracket may be part of one."""
        root = self._root
        try:
            info = self._fs.info(root)
        except FileNotFoundError:
            if not any(c in root for c in WILD):
                raise
            plain = root[: min(root.index(c) for c in WILD if c in root)]
            return plain.rpartition("/")[0], self._fs.glob(root, detail=True)
        if info.get("type") == "directory":
            return root, self._fs.find(root, detail=True)
        return root.rpartition("/")[0], {root: info}

    def get(self, there: There, place: Path, part: Path) -> int:
        """Copy a file whole, or not at all; returns its size. Raises BadItem for one that fails alone."""
        try:
            self._fs.get_file(there.name, str(part), callback=self._watch)
            size = part.stat().st_size
        except Exception as error:  # noqa: BLE001 # as above
            part.unlink(missing_ok=True)
            raise self._lost(error, place) from None
        if there.size not in (None, size) and not addresses.is_web(self.path):  # aiohttp counts, and may unpack
            part.unlink()
            raise _not_fetched(f"{size} of {there.size} bytes came")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            part.replace(place)
        except (OSError, ValueError) as error:
            part.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno not in NO_PLACE:
                raise _disk(place, error) from None
            raise bad_name() from None
        return size

    def _lost(self, error: Exception, place: Path) -> FactoryError:
        """Why one file could not be had: a dead world where the rest cannot be had either."""
        if isinstance(error, OSError) and error.errno in FULL:
            return _disk(place, error)
        if not self.stopped.is_set() and (_is(error, *DEAD) or not _is(error, FileNotFoundError.__name__)):
            try:
                self._fs.invalidate_cache()
                self._fs.info(self._root)
            except Exception as why:  # noqa: BLE001 # as above
                failed = self._failed(why)
                if isinstance(failed, DeadWorld) or not _is(why, FileNotFoundError.__name__):  # a pattern is not there
                    return failed
        return _not_fetched(_said(error))

    def _failed(self, error: Exception) -> FactoryError:
        """What an error of the whole source is: not there, not allowed, not right, or no answer."""
        status = _status(error)
        if _is(error, *DEAD) or status == 429 or status >= 500:
            return self._dead(error)
        forbidden = str(error).startswith("Forbidden")  # gcsfs, of a plain OSError
        if status in (401, 403, 407) or _is(error, *REFUSED) or forbidden:
            return WrongRequest(f"{self.path} may not be read ({_said(error)}). {_how_to_sign_in(self.path)}")
        if _is(error, FileNotFoundError.__name__):
            return WrongRequest(
                f"{self.path} is not there, or not for these credentials. See whether its name is right."
            )
        if isinstance(error, ValueError | TypeError):
            return WrongRequest(
                f"{self.path} cannot be asked for in this way ({_said(error)}). See whether address and 'storage:' "
                "are right."
            )
        return self._dead(error)

    def _dead(self, error: Exception) -> DeadWorld:
        return DeadWorld(
            f"{self.path} does not answer ({_said(error)}). What was fetched stays: run the same command again."
        )


def _patient(source: Source) -> dict[str, Any]:
    """Options for the web: a large file may take its time, proxies and .netrc are those of the environment."""
    if not addresses.is_web(source.path):
        return {}
    import aiohttp

    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENT_S)
    return {"client_kwargs": {"timeout": patience, "trust_env": True, **source.storage.get("client_kwargs", {})}}


def _how_to_sign_in(path: str) -> str:
    if addresses.is_web(path):
        return "User and password may stand in the address or in ~/.netrc; a signature may have expired."
    return (
        "Credentials come from where its package looks for them: environment, profile; 'storage: {anon: true}' asks "
        "for what is public."
    )


def _quieten(source: Source) -> None:
    """What a filesystem logs goes to who configured logging, and not, as it does else, to stderr beside our message."""
    import fsspec

    package = fsspec.get_filesystem_class(addresses.scheme(source.path)).__module__.partition(".")[0]
    if not logging.getLogger(package).handlers:
        logging.getLogger(package).addHandler(logging.NullHandler())


def _watch(stopped: Event) -> Any:
    """What fsspec calls for each piece that has come: it ends a download in the middle."""
    from fsspec.callbacks import Callback

    class Watch(Callback):  # type: ignore[misc] # fsspec has no types
        def relative_update(self, inc: int = 1) -> None:
            if stopped.is_set():
                raise InterruptedError

    return Watch()


def _is_shown(source: Source, path: str) -> bool:
    """Whether a file is part of the source, as one of a local folder would be."""
    if any(part.startswith(".") for part in path.split("/")):  # also what leads out of it
        return False
    named_alone = addresses.is_web(source.path) or path == addresses.last(source.path)  # then it is said why it is not
    return source.gives == "documents" or named_alone or is_rows(path)


def _there(name: str, info: Mapping[str, Any]) -> There:
    said = {key.lower().replace("-", "").replace("_", ""): value for key, value in info.items()}
    told = {key: str(value) for key, value in said.items() if key in TELLING and value is not None}
    return There(name, info.get("size"), runs.fingerprint(info.get("size"), told) if told else "")


def _web_name(path: str, info: Mapping[str, Any]) -> str:
    """The last part of an address; with the ending of what the server says it is, where no reader knows its own."""
    name = addresses.last(path)
    if unsupported(name, with_ocr=True) is None:
        return name
    endings = [ending for ending, form in FORMATS.items() if form.media_type == info.get("mimetype")]
    return name + endings[0] if endings else name


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _is(error: BaseException, *names: str) -> bool:
    """Whether an error, or what caused it, is of a class with one of these names."""
    return any(cls.__name__ in names for one in _chain(error) for cls in type(one).__mro__)


def _status(error: BaseException) -> int:
    """The HTTP status that an error tells; 0 where it tells none."""
    said = (getattr(one, name, None) for one in _chain(error) for name in ("status", "status_code", "code"))
    return next((status for status in said if isinstance(status, int)), 0)


def _said(error: BaseException) -> str:
    """What may be said of an error: never its words, which may quote an address or a header."""
    status = _status(error)
    return f"HTTP {status}" if status else type(list(_chain(error))[-1]).__name__


def bad_name() -> BadItem:
    return BadItem("ingest.bad_name", "Its name cannot be that of a file here. Give it another one.")


def _not_fetched(why: str) -> BadItem:
    return BadItem("ingest.not_fetched", f"The file could not be fetched ({why}): see whether it can be read there.")


def _disk(place: Path, error: OSError) -> FactoryError:
    try:
        with tables.writing(place):
            raise error
    except DeadWorld as dead:
        return dead
