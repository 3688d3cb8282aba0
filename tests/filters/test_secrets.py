"""`secrets`: keys and passwords found, what documentation writes in their place passed, and edits."""

import json
import random
import string
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.edits import Edit, EditMap
from factory.plugins import options_of
from filters import secrets
from filters._secret_labels import _CORE, _CORES, _cores
from filters._secret_shapes import _SHAPES, SHORTEST
from filters.secrets import PLACEHOLDERS, Secrets, find

DRAW = random.Random(7)  # noqa: S311 # no secret


def drawn(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Something that nobody uses: written out here, other tools would take it for a secret of ours."""
    return "".join(DRAW.choice(letters) for _ in range(length - 4)) + "q7Zk"


HEX = "".join(DRAW.choice("0123456789abcdef") for _ in range(40))
KEY = drawn(40)
PEM = "\n".join(drawn(64) for _ in range(4))
WORD = "qH17-9bC!x"
EXAMPLES = [  # kind, text, the part of it that is found
    ("password", f'DB_PASS = "{WORD}"', WORD),
    ("password", f'  dbPass: "{WORD}",', WORD),
    ("password", f'  pass := "{WORD}"', WORD),
    ("password", f"  db-password: '{WORD}'", WORD),
    ("password", f'{{"user": "ines", "password": "{WORD}"}}', WORD),
    ("password", f'{{\\"password\\": \\"{WORD}\\"}}', WORD),
    ("password", f"password: {WORD}\nport: 5432", WORD),
    ("password", "password: sunsh1ne.", "sunsh1ne"),
    ("password", "DB_PASSWORD=letmein", "letmein"),
    ("password", f"PASSWORD={WORD};USER=ines", WORD),
    ("password", f"Server=db7;Uid=ines;Pwd={WORD};", WORD),
    ("password", f"https://acme.example/login?user=ines&password={WORD}&next=1", WORD),
    ("password", f"CREATE USER 'ines' IDENTIFIED BY '{WORD}';", WORD),
    ("password", f"ALTER ROLE ines WITH PASSWORD '{WORD}';", WORD),
    ("password", f"<password>{WORD}</password>", WORD),
    ("password", f"| Password | {WORD} |", WORD),
    ("password", f"<tr><td>Password</td><td>{WORD}</td></tr>", WORD),
    ("password", f"**Password:** {WORD}", WORD),
    ("password", f"Password for the gateway: {WORD}", WORD),
    ("password", f"The password is {WORD}.", WORD),
    ("password", f"Das Passwort lautet {WORD}", WORD),
    ("password", f"Mot de passe : {WORD}", WORD),
    ("password", f"Contraseña: {WORD}", WORD),
    ("password", f'- name: DB_PASSWORD\n  value: "{WORD}"', WORD),
    ("password", f'connect(host, password="{WORD}")', WORD),
    ("password", f'user.setPassword("{WORD}")', WORD),
    ("password", f'os.environ["DB_PASSWORD"] = "{WORD}"', WORD),
    ("password", f'password: str | None = "{WORD}"', WORD),
    ("password", f"mysqldump --password={WORD} shop", WORD),
    ("password", f"login ines password {WORD}", WORD),
    ("password", f"curl -u ines:{WORD} https://acme.example", WORD),
    ("connection_string", f"postgresql://shop:{WORD}@db7.acme.example:5432/shop", WORD),
    ("api_key", f"sk-{KEY}", f"sk-{KEY}"),
    ("api_key", f"sk-proj-{KEY}", f"sk-proj-{KEY}"),
    ("api_key", f"sk_live_{KEY}", f"sk_live_{KEY}"),
    ("api_key", "AKIA" + "Z7QK2MWP4RTX6HYD", "AKIA" + "Z7QK2MWP4RTX6HYD"),
    ("api_key", "AIza" + KEY[:31] + "q7Zk", "AIza" + KEY[:31] + "q7Zk"),
    ("api_key", "ghp_" + KEY[-36:], "ghp_" + KEY[-36:]),
    ("api_key", "glpat-" + KEY[-20:], "glpat-" + KEY[-20:]),
    ("api_key", "xoxb-17653672481-19874698323-" + KEY[-24:], "xoxb-17653672481-19874698323-" + KEY[-24:]),
    ("api_key", f"api-key: {HEX}", HEX),
    ("api_key", f"X-Api-Key: {KEY}", KEY),
    ("api_key", f"AccountKey={KEY}+/x9==;EndpointSuffix=core", f"{KEY}+/x9=="),
    ("api_key", f"The API key you want to use there is still {HEX} today", HEX),
    ("token", f'client_secret = "{KEY}"', KEY),
    ("token", f"Authorization: Bearer {KEY}", KEY),
    ("token", f"//registry.acme.example/:_authToken={HEX}", HEX),
    ("token", f"acme login --token {KEY}", KEY),
    ("jwt", f"eyJhbGciOiJIUzI1NiJ9.eyJhY2NvdW50Ijo3N30.{KEY}", f"eyJhbGciOiJIUzI1NiJ9.eyJhY2NvdW50Ijo3N30.{KEY}"),
    (
        "private_key",
        f"-----BEGIN RSA PRIVATE KEY-----\n{PEM}\n-----END RSA PRIVATE KEY-----\n",
        f"-----BEGIN RSA PRIVATE KEY-----\n{PEM}\n-----END RSA PRIVATE KEY-----",
    ),
    (
        "private_key",
        f'key = "-----BEGIN PRIVATE KEY-----\\n{PEM[:64]}\\n-----END PRIVATE KEY-----"',
        f"-----BEGIN PRIVATE KEY-----\\n{PEM[:64]}\\n-----END PRIVATE KEY-----",
    ),
    ("private_key", f"-----BEGIN PRIVATE KEY-----\n{PEM}\n\nand so", f"-----BEGIN PRIVATE KEY-----\n{PEM}"),
]
CLEAN = [
    'api_key = "sk-your-api-key"',
    "export OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxx",
    'api_key="sk-..."',
    "key sk-proj-example-1234567890abcdef1234567890",
    "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "password: changeme",
    "PASSWORD=<your password>",
    "token: <TOKEN>, Authorization: Bearer <token>",
    'password: "{{ vault_password }}", ${DB_PASSWORD}, $DB_PASSWORD, %DB_PASSWORD%',
    "password=$DB_PASSWORD password=os.environ['X1'] password=get_password(3)",
    "password: str = Form(), token: Annotated[str, Depends(scheme2)]",
    'password = settings.db.password2 or user.password1, secret_key=self.key_2,"',
    '{"username": "john", "password": "string", "token_type": "bearer"}',
    '"password": "Passwort", "password": "secret", passwd="password123"',
    "The password is required. A password must have 8-64 characters.",
    "password: 8 to 64 characters, at least 1 digit",
    "Password reset: https://acme.example/reset/4f2a",
    "private_key: /etc/ssl/private/db7.pem, TLS_KEY=certs/server1.key",
    "postgres://user:password@localhost/db, mysql://root:${PW1}@db, https://user:pass@host/",
    "compass: N45E, bypass=a1b2c3!, monkey: b4nana5!, keyboard: qwertz1!",
    "the token 3fb1a commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    'etag "33a64df551425fcc55e4d42a148795d9f25f89d4", sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c',
    "max_tokens: 4096, token 17 of 300, tokens=1024",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.dyt0CoTl4WoVjAHI9Q_C",
    "pass `x=1` to the function; 12 pass: 3 fail",
    "already <PASSWORD>, password: <PASSWORD>, token=••••••••••••",
]
ODD = [
    "password",
    "token=",
    "secret: ",
    "api_key",
    "=",
    ": ",
    '"',
    "'",
    "`",
    "\\",
    "<",
    ">",
    "|",
    "://",
    "@",
    ":",
    "\n",
    "é",
]
ODD += [
    "İ",
    "•",
    "••••",
    "<TOKEN>",
    "eyJ",
    "sk-",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "curl -u a:",
    "a1",
]
VALUES = sorted({value for _, _, value in EXAMPLES}) + sorted({text for _, text, _ in EXAMPLES})
mixtures = st.lists(st.one_of(st.sampled_from(VALUES), st.sampled_from(ODD), st.text(max_size=3)), max_size=9).map(
    "".join
)
texts = st.one_of(mixtures, st.text())


def batch(*rows: tuple[str, str, str]) -> pa.RecordBatch:
    ids, fields, contents = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"id": pa.array(ids, pa.string()), "field": pa.array(fields, pa.string())}
    return pa.record_batch(columns | {"text": pa.array(contents, pa.large_string())})


def verdict(secrets: Secrets, text: str) -> dict[str, Any]:
    [row] = secrets.decide(secrets.measure(batch(("r", "text", text)))).rows
    return row


def scrub(secrets: Secrets, text: str) -> str:
    edits = verdict(secrets, text)["edits"] or []
    return EditMap(tuple(Edit(e["start"], e["end"], e["kind"], e["replacement"]) for e in edits)).apply(text)


@pytest.mark.parametrize(("kind", "text", "value"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_found(kind: str, text: str, value: str) -> None:
    assert verdict(Secrets(), text)["reason"] == f"secrets.{kind}"
    assert scrub(Secrets(action="placeholder"), text) == text.replace(value, PLACEHOLDERS[kind])


@pytest.mark.parametrize("text", CLEAN)
def test_not_found(text: str) -> None:
    assert find(text) == []


def test_there_is_an_example_of_every_kind() -> None:
    assert {kind for kind, _, _ in EXAMPLES} == set(PLACEHOLDERS)


def test_a_row_with_a_secret_is_rejected_by_default_and_its_value_is_nowhere() -> None:
    features = Secrets().measure(batch(("r", "text", f"sk-{KEY} and password={WORD}"), ("s", "text", "clean")))
    first, second = Secrets().decide(features).rows
    assert (first["outcome"], first["reason"], first["edits"]) == ("reject", "secrets.several", None)
    assert json.loads(first["evidence"]) == {"api_key": 1, "password": 1}
    assert (second["outcome"], second["reason"]) == ("keep", None)
    kept = str(features.to_pylist()) + str(first)
    assert KEY not in kept
    assert WORD not in kept


@pytest.mark.parametrize(
    ("action", "edited"), [("placeholder", "password: <PASSWORD>."), ("mask", "password: ••••••••••."), ("flag", None)]
)
def test_other_actions_keep_the_row(action: Any, edited: str | None) -> None:
    text = f"password: {WORD}."
    row = verdict(Secrets(action=action), text)
    assert row["outcome"] == ("edit" if edited else "keep")
    assert row["reason"] == "secrets.password"
    assert scrub(Secrets(action=action), text) == (edited or text)


def test_the_action_only_decides() -> None:
    assert {option.name for option in options_of(Secrets) if option.decides} == {"action"}


def test_types_and_exclude_choose_the_kinds() -> None:
    text = f"password: {WORD}\nsk-{KEY}"
    assert verdict(Secrets(types=["api_key"]), text)["reason"] == "secrets.api_key"
    assert verdict(Secrets(exclude=["api_key"]), text)["reason"] == "secrets.password"


@pytest.mark.parametrize("allow", [[WORD], ["/qH17.*/"]])
def test_an_allowed_value_may_stay(allow: list[str]) -> None:
    assert verdict(Secrets(allow=allow), f"password: {WORD}")["outcome"] == "keep"
    assert verdict(Secrets(allow=allow), f"password: x{WORD}")["outcome"] == "reject"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"types": ["passwords"]}, "unknown type 'passwords'. Did you mean 'password'"),
        ({"types": []}, "nothing would be looked for"),
        ({"exclude": list(PLACEHOLDERS)}, "nothing would be looked for"),
        ({"allow": ["/(/"]}, "allow: /\\(/ is no regular expression"),
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Secrets(**wrong)


@settings(max_examples=300)
@given(text=texts, action=st.sampled_from(["placeholder", "mask"]))
def test_scrubbing_twice_changes_nothing(text: str, action: Any) -> None:
    once = scrub(Secrets(action=action), text)
    assert scrub(Secrets(action=action), once) == once


@given(text=texts)
def test_an_edit_changes_nothing_outside_its_spans(text: str) -> None:
    edits = verdict(Secrets(action="mask"), text)["edits"] or []
    edited = scrub(Secrets(action="mask"), text)
    inside = {at for edit in edits for at in range(edit["start"], edit["end"])}
    assert len(edited) == len(text)
    assert all(edited[at] == ("•" if at in inside else text[at]) for at in range(len(text)))


@given(text=st.lists(st.sampled_from([*_CORES, "word", "wd", "s", "phrase", "api", " ", ":", "x"])).map("".join))
def test_labels_are_searched_for_by_their_literals(text: str) -> None:
    assert [core.span() for core in _cores(text)] == [core.span() for core in _CORE.finditer(text)]


def test_no_shape_matches_less_than_is_searched_for_prefixes() -> None:
    for shape in _SHAPES:
        assert _parser.parse(shape.pattern.pattern).getwidth()[0] >= SHORTEST


@pytest.mark.slow
@pytest.mark.parametrize(
    "bait", [*ODD, "password: ", "password for ", "pass = a.", "eyJaaaaaaaa.", "a://b:c", "api_key a ", "sk-a", "sk-a-"]
)
def test_bait_for_patterns_is_read_to_its_end(bait: str) -> None:
    """A pattern that takes the square of the length would not come back."""
    find(bait * (300_000 // len(bait)))
    find("password=" + bait * (300_000 // len(bait)))


def test_glued_secrets_are_found_with_only_what_is_near_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hides the one before: all of the line read again for each would take the square of its length."""
    read = []
    by_label = secrets.by_label
    monkeypatch.setattr(secrets, "by_label", lambda text: [read.append(len(text)), *by_label(text)][1:])
    text = f"password={WORD}" * 300
    assert len(find(text)) == 300
    assert max(read[1:]) < 2 * secrets.NEAR + 200


def test_what_the_end_of_the_part_that_is_read_again_cuts_is_no_secret() -> None:
    head = f"password={WORD} "
    gap = secrets.NEAR - 60  # the part ends 50 characters into a value that is too long for a password
    assert [f.start for f in find(f"{head}{'- ' * (gap // 2)}password={'aB3!dE5?gH' * 24}")] == [9]
