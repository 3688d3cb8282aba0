"""The kinds of personal data that have a form, and what each cannot be without: standard library only."""

import re
from dataclasses import dataclass
from typing import NamedTuple


class Way(NamedTuple):
    """How a kind shows in a text: what it cannot be there without.

    One of the characters of `marks`, one of `signs` in small letters, where there are any, and what `gate` finds. The
    gate begins with one class of characters: `re` then skips to its members, which is two to four times as fast.
    """

    gate: re.Pattern[str]
    signs: tuple[str, ...] = ()
    marks: str = ""
    gate_first: bool = False  # the signs are more to look for than the gate
    bare: bool = False  # no digit need be in the text
    rare: bool = False  # begins with `[0-9]`, so that all of these together still do, and few texts have it


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data: its placeholder, and without what it cannot be in a text.

    One of `ways` must be there. One of `words`, where there are any, must be in the text: part of a word of any case,
    after `=` all of one, after `^` its beginning, after `~` its end, after `+` all of one but for a word such as
    *number*, or a capital, glued to it; with a capital all of a word as it stands; with a sign in it anywhere. They
    stand some BEFORE characters before a digit or nearer, unless `words_anywhere`.
    """

    placeholder: str
    ways: tuple[Way, ...]
    words: tuple[str, ...] = ()
    digits: bool = False  # whether seven of them stand together, blanks and signs apart
    words_anywhere: bool = False


BEFORE, BEHIND = 110, 26  # a label, what stands between it and its value, letters of that, and part of a word


def _kind(placeholder: str, gate: str, words: str = "", *, digits: bool = False, rare: bool = True) -> Kind:
    return Kind(placeholder, (Way(re.compile(gate), rare=rare and not digits),), tuple(words.split()), digits)


def _way(gate: str, signs: str = "", marks: str = "", *, gate_first: bool = False, bare: bool = False) -> Way:
    several = tuple(sign.replace("_", " ") for sign in signs.split())
    return Way(re.compile(gate), several, marks, gate_first, bare)


def _behind(words: str) -> str:
    """That one of `words` and a blank stand before the character that was read last, in any case."""
    by_size: dict[int, list[str]] = {}
    for word in words.split():
        by_size.setdefault(len(word), []).append(re.escape(word))
    return "|".join(f"(?<=(?i:{'|'.join(several)}) .)" for several in by_size.values())


_DIGITS = r"[0-9][0-9]{2}"
_STREETS = (
    "Street St Avenue Ave Av Road Rd Boulevard Blvd Lane Ln Drive Dr Court Ct Place Pl Square Sq Terrace Ter Way "
    "Parkway Pkwy Circle Cir Highway Hwy Close Crescent Mews Gardens Row Trail Trl Loop Alley Grove Yard Turnpike "
    "Plaza Crossing =box Unit =psc =cmr ^usn ^uscg =uss =fpo =dpo =apo =postfach =apartado =postbus BP "
    "~straße ~strasse s/n S/N str. ~weg ~platz ~allee "
    "~gasse ~damm ~ufer Ring ~stieg ~chaussee ~markt =c =rue =avenue =boulevard =bd =place =chemin =impasse =allée "
    "=allées =quai =cours =route =passage =faubourg =calle =carrer =avda =av =avenida =plaza =pza =paseo Pº "
    "pº =ronda =camino =carretera =ctra =travesía =travesia =via =viale =piazza =corso =rua =ul =ulica ~gatan "
    "~gata ~vägen ~väg ~veien ~vei ~vej ~gade ~straat ~laan ~plein ~katu ~tie ~kuja ~allé ~gränd ~vænget Suite "
    "Ste Apt Apartment Flat domicilio anschrift dirección adresse =postal =mailing =billing =shipping =home "
    "=street =lives =living =located =reside =resides =moved =address =utca =útja =út =tér =tere =krt =körút"
)
_UP = "[A-ZÀ-ÖØ-ÞŁŚŻĆČŠŽ]"
_FRENCH = (
    "[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Ii]mpasse|[Aa]llées?|[Qq]uai|[Cc]ours|[Rr]oute|[Pp]assage"
    "|[Ff]aubourg"
)
_ENDINGS = (  # of what stands before the number of a house or a box
    "straße strasse str. weg platz allee gasse damm ufer chaussee stieg markt ring gatan gata vænget vägen väg veien "
    "vei vej gade straat laan plein katu tie kuja allé gränd utca útja út tér tere körút krt. box postfach apartado "
    "correos bp b.p. bp. b.p postbus"
)
_SPANISH = (
    "c/ calle_ carrer_ avda av. av_ avenida_ plaza_ pza paseo_ pº ronda_ camino_ carretera_ ctra travesia_ travesía_ "
    "via_ viale_ piazza_ corso_ rua_ ul. ulica_"
)
_ADDRESS = (
    _way(rf"[0-9](?:[A-Za-z]? {_UP}|(?: ?(?:bis|ter|quater))?,? (?:{_FRENCH}) )"),
    _way(rf"[0-9](?<= .)(?:{_behind(_ENDINGS)}|(?<=(?i:A[AEP]) .)[0-9]{{4}})"),
    _way(rf"{_UP}[\w'’.-]{{0,24}},? (?:(?:n[ºo°.]{{0,2}}|km\.?|num\.?|número) ?)?[0-9]", _SPANISH, gate_first=True),
    _way(r"[CAPR](?:/|alle|arrer|venida|vda|v\.|aseo|laza|onda|amino)"),
    _way(r": ?\*{0,2}[^\n:@<•]{0,60}[0-9]", "domicilio anschrift dirección address adresse", ":", gate_first=True),
    _way(r"[FfDdAa][Pp][Oo]", "usn uss uscg"),
    _way(r"[sS](?<=[ ].)[nN]\b", "_sn"),
    _way(r"[sS]/[nN]\b", marks="/", bare=True),
)
_MONTH = "(?i:jan|ene|feb|fév|mar|mär|apr|abr|avr|may|mai|jun|jui|jul|aug|aoû|ago|sep|oct|okt|nov|dec|dez|déc|dic)"
_USER = "user login log-on logon benutzer usuario utilisateur"
KINDS = {
    "address": Kind("<ADDRESS>", _ADDRESS, tuple(_STREETS.split()), words_anywhere=True),
    "bank_account": _kind("<BANK_ACCOUNT>", r"[0-9][0-9]{7}", "account acct a/c konto", digits=True),
    "bic": Kind(
        "<BIC>", (_way(r"[A-Z][A-Z]{5}[A-Z0-9]{2}", "swift bic", bare=True),), ("^swift", "^bic"), words_anywhere=True
    ),
    "ch_ahv": _kind("<CH_AHV>", r"756[. ]?[0-9]{4}[. ]?[0-9]{4}", digits=True),
    "coordinates": _kind("<COORDINATES>", r"[0-9]\.[0-9]{3}|[0-9]°", "° ^lat ^gps ^coord =position =located ^geo"),
    "credit_card": _kind("<CREDIT_CARD>", r"[0-9][0-9]{3}(?:[0-9]{8}|[ -][0-9]{4,6}[ -][0-9]{4})", digits=True),
    "crypto": _kind("<CRYPTO>", r"[0-9](?<=[13])[a-zA-HJ-NP-Z0-9]{25}"),
    "date_of_birth": _kind(
        "<DATE_OF_BIRTH>",
        rf"[0-9](?:([./ -])\s?[0-9]{{1,2}}\s?\1"
        rf"|[A-Za-zº.]{{0,2}}[ -](?:(?i:of|de) )?{_MONTH}|[A-Za-z]{{0,2}},? [0-9]{{4}})",
        "^birth =born =dob d.o.b d.ob do.b =geb ^geburt ^gebor ^nac =né =née", rare=False
    ),
    "de_id_card": _kind("<DE_ID_CARD>", r"[0-9](?<=[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}.)", "ausweis card"),
    "de_tax_id": _kind("<DE_TAX_ID>", r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", "steuer id tin", digits=True),
    "driver_license": _kind(
        "<DRIVER_LICENSE>", _DIGITS, "^driver ^driving +dl ^führerschein =permis =permiso", rare=False
    ),
    "email": Kind("<EMAIL>", (_way(r"[@%](?:(?<=\w@)|(?<=\w%)40)\w", marks="@%", bare=True),)),
    "employee_id": _kind(
        "<EMPLOYEE_ID>", _DIGITS,
        "+employee +empleado +emp +staff +personnel =personal ^personaln +worker +badge +matricule", rare=False
    ),
    "es_dni": _kind("<ES_DNI>", r"[0-9](?:[0-9]{2}\.?[0-9]{3}|[0-9]{6})[ -]?[A-Z]", digits=True),
    "es_nass": _kind(
        "<ES_NASS>", r"[0-9][0-9](?:[0-9]{5}|[ /-][0-9]{5})", "=nass =nss =naf =seguridad ^afiliaci", digits=True
    ),
    "fr_nir": _kind(
        "<FR_NIR>", r"[1278] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", digits=True
    ),
    "iban": _kind("<IBAN>", r"[0-9](?<=[A-Za-z]{2}.)[0-9](?:[ -]?[A-Za-z0-9]){11}"),
    "invoice_number": _kind("<INVOICE_NUMBER>", _DIGITS, "+invoice =inv ^rechnung +facture +factura", rare=False),
    "ip": Kind("<IP>", (
        Way(re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]"), rare=True),
        _way(r":(?:[0-9A-Fa-f]{1,4}:|:[0-9A-Fa-f])", marks=":", bare=True),
    )),
    "mac": Kind("<MAC>", (
        _way(":[0-9A-Fa-f]{2}:", marks=":", bare=True),
        _way("-[0-9A-Fa-f]{2}-", marks="-", bare=True),
        _way(r"\.[0-9A-Fa-f]{4}\.", marks=".", bare=True),
    )),
    "medical_record": _kind(
        "<MEDICAL_RECORD>", _DIGITS, "^mrn =medical +patient ^patientenn ^nhc =historia ^cipa +chart =episodio",
        rare=False
    ),
    "passport": _kind(
        "<PASSPORT>", r"[0-9](?:(?<=[A-Z].)|[0-9]{8})", "passport pasaporte reisepass passeport travel"
    ),
    "phone": _kind("<PHONE>", r"[0-9]", digits=True),
    "policy_number": _kind(
        "<POLICY_NUMBER>", _DIGITS,
        "+policy +police =pol +póliza +poliza ^versicherungs +member +subscriber +claim", rare=False
    ),
    "tax_id": _kind(
        "<TAX_ID>",
        r"[0-9][0-9 ./-]{5,15}[0-9]",
        "=ein =fein =tin =vat ^tax =employer ^steuer ^ust =utr =siret =siren =cif =nif =fiscal"
    ),
    "uk_nhs": _kind("<UK_NHS>", r"[0-9][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{4}", digits=True),
    "uk_nino": _kind("<UK_NINO>", r"[0-9][0-9] ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
    "us_ssn": _kind("<US_SSN>", r"[0-9][0-9]{2}(?:[ .–-][0-9]{2}[ .–-][0-9]{4}|[0-9]{6})", digits=True),
    "username": Kind("<USERNAME>", (
        _way(
            r"[uUnNiIlLkKbB](?:(?i:ser|ame|d|og-?[io]n|ennung|enutzer|suario|tilisateur)[\"'\])*]{0,4} ?[:=])",
            f"{_USER} screen", ":=", bare=True,
        ),
        _way("'", "user_' '@'", "'", bare=True),
    ), tuple(f"{_USER} =screen '@'".split()), words_anywhere=True),
}  # fmt: skip
