"""Push a run's dataset to a hub, through `huggingface_hub`: its files and its card as they stand, and nothing else.

To ask for it is the only way that it happens. A hub is an endpoint like a model: rows above what it may see are refused
(law 6), before it is asked anything. A repository that is made is private; one that is public is written to where
that is said, and then holds public rows only. The login is that of `huggingface_hub` (HF_TOKEN, or `hf auth login`).
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from factory.errors import DeadWorld, WrongRequest
from factory.plural import many
from factory.policy import SCALE, Confidentiality
from factory.recipe import Recipe
from factory.runs import Run
from factory.stages.models import may_see
from factory.views import exported

if TYPE_CHECKING:
    from huggingface_hub import HfApi

NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
REFUSED = (401, 403)
STALE = ["*.parquet"]  # of an earlier push: a row that left the dataset leaves the repository


@dataclass(frozen=True)
class Pushed:
    """What was pushed, and where it stands."""

    repository: str
    url: str
    commit: str
    is_private: bool
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def push(run: Run, recipe: Recipe, repository: str, *, public: bool = False) -> Pushed:
    """Push `dataset/` to the repository `owner/name`, which is made where it is not there.

    Raises WrongRequest for a name that is none, rows that the hub may not see, a login that is missing or refused, and
    a public repository without `public`; DeadWorld where the hub does not answer.
    """
    if not NAME.fullmatch(repository):
        raise WrongRequest(f"'{repository}' is no name of a repository. Write --push-to-hub OWNER/NAME.")
    with run.lock():
        rows = _check_rows(run, "public" if public else recipe.export.hub.may_see, public)
        with _answered():
            pushed = _push(_api(), run, repository, public, rows)
        run.log("push", **pushed.as_dict())
    return pushed


def _check_rows(run: Run, limit: Confidentiality, public: bool) -> int:
    """How many rows leave. Raises WrongRequest where some are above `limit`, or where there is none."""
    rows, above = 0, Counter[tuple[str, str]]()
    for _, _, batch in exported.batches(run, exported.METAS):
        for meta in map(json.loads, batch["meta"].to_pylist()):
            rows += 1
            if not may_see(limit, meta["confidentiality"]):
                above.update((source, meta["confidentiality"]) for source in meta["sources"])
    if above:
        highest = max((its for _, its in above), key=SCALE.index)
        who = ", ".join(f"{source} ({its}: {many(count, 'row')})" for (source, its), count in above.most_common())
        allow = (
            "A public repository holds public rows only: leave out --public"
            if public
            else f"If it may see them, write 'hub: {{may_see: {highest}}}' under 'export:'"
        )
        raise WrongRequest(
            f"The hub may see what is {limit}, and these are above it: {who}. Nothing was pushed. {allow}; or, if a "
            "source is no secret, write 'confidentiality: public' at it."
        )
    if not rows:
        raise WrongRequest(f"{run.path} has no exported rows to push.")
    return rows


def _api() -> "HfApi":
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined] # not in its __all__

    disable_progress_bars()
    token = get_token()
    if token is None:
        raise WrongRequest("There is no login for the hub. Set HF_TOKEN to a token that may write, or: hf auth login")
    return HfApi(token=token)


def _push(api: "HfApi", run: Run, repository: str, public: bool, rows: int) -> Pushed:
    where = api.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
    is_private = bool(api.repo_info(repository, repo_type="dataset").private)
    if not is_private and not public:  # it was there before
        raise WrongRequest(
            f"{repository} is there already and is public. Nothing was pushed. With --public it is, or name another."
        )
    done = api.upload_folder(
        repo_id=repository, repo_type="dataset", folder_path=run.path / "dataset", delete_patterns=STALE,
        commit_message=many(rows, "row"),
    )  # fmt: skip
    return Pushed(repository, str(where), done.oid, is_private, rows)


@contextmanager
def _answered() -> Iterator[None]:
    """While the hub is asked: what it says is told by its number, since its words may quote what was sent."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    again = "What was pushed before stands. Run the same command again."
    client: Any = HfHubHTTPError.__bases__[0]  # the root of what its HTTP client raises, whichever that is
    try:
        yield
    except OfflineModeIsEnabled:
        raise WrongRequest("HF_HUB_OFFLINE is set, so the hub is not asked. Nothing was pushed.") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in REFUSED:
            raise WrongRequest(
                f"The hub refuses the login (HTTP {status}). Its token must be allowed to write to that owner."
            ) from None
        raise DeadWorld(f"The hub did not take it (HTTP {status}). {again}") from None
    except (OSError, client) as error:
        raise DeadWorld(f"The hub does not answer ({type(error).__name__}). {again}") from None
