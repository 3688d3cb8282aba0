"""Addresses of sources: what of them may be said and stored, and which are refused."""

import pytest

from factory import addresses
from factory.recipe.file import source_name


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://anna:s3cret@host:8000/a/b.pdf", "https://host:8000/a/b.pdf"),
        ("https://t0ken@host/a.pdf", "https://host/a.pdf"),
        ("HTTPS://anna:p@ss?word@host/a.pdf?X-Amz-Signature=f00&id=7#top", "HTTPS://host/a.pdf"),
        ("ftp://anna:s3cret@host/folder/", "ftp://host/folder/"),
        ("abfs://container@account.dfs.core.windows.net/folder/", None),
        ("github://owner:repo@main/docs/", None),
        ("s3://bucket/folder/*.md", None),
        ("s3://bucket/report-?.md", None),
        ("docs/a@b?c=d.md", None),
        ("hf:owner/name@main", None),
        ("sources.0.path='https://u:p@h/a.md?sig=1' and more", "sources.0.path='https://h/a.md' and more"),
    ],
)
def test_what_may_be_said_of_an_address(written: str, said: str | None) -> None:
    assert addresses.bare(written) == (said or written)
    assert addresses.bare(addresses.bare(written)) == addresses.bare(written)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("s3://bucket/folder/", "folder"),
        ("s3://bucket/folder/**/*.md", "folder"),
        ("gs://bucket", "bucket"),
        ("https://host/a/My%20File.pdf?sig=secret", "My File.pdf"),
        ("file:///home/docs/", "docs"),
    ],
)
def test_a_source_is_named_after_the_last_part_of_its_address(path: str, name: str) -> None:
    assert source_name(path) == name


@pytest.mark.parametrize(
    ("path", "remote"),
    [("s3://b/f", True), ("memory://f", True), ("HTTPS://h/f", True), ("file:///f", False), ("docs", False),
     ("hf:a/b", False), ("hf://datasets/a/b", False), ("package:a/b", False)],
)  # fmt: skip
def test_what_is_fetched_is_seen_from_its_address(path: str, remote: bool) -> None:
    assert addresses.is_remote(path) is remote


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("https://anna:s3cret@host/folder/", "name each file"),
        ("https://host", "name each file"),
        ("https://host/*.pdf", "name each file"),
        ("zip://a.md::s3://bucket/s3cret.zip", "one place"),
        ("s3://bucket/a.md?s3cret=1", "only addresses of the web"),
    ],
)
def test_an_address_that_cannot_be_a_source_is_refused_and_not_quoted(path: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        addresses.check(path)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "options",
    [
        {"key": "s3cret"},
        {"secret": "s3cret"},
        {"token": "s3cret"},
        {"client_kwargs": {"aws_access_key_id": "s3cret"}},
        {"headers": {"Authorization": "s3cret"}},
        {"hosts": [{"password": "s3cret"}]},
        {"connection_string": "s3cret"},
        {"client_kwargs": {"endpoint_url": "https://anna:s3cret@host"}},
        {"proxies": ["http://anna:s3cret@host"]},
    ],
)
def test_an_option_that_may_hold_a_secret_is_refused_and_not_quoted(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="recipes are copied") as error:
        addresses.check_options(options)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "options", [{"anon": True}, {"endpoint_url": "http://localhost:9000"}, {"token": "anon"}, {"profile": "acme"}]
)
def test_options_that_say_where_and_how_are_taken(options: dict[str, object]) -> None:
    addresses.check_options(options)
