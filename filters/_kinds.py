"""The kinds of personal data that have a form, and what each cannot be without: standard library only."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data: its placeholder, and without what it cannot be in a text.

    One of `words`, where there are any, must be in the text: part of a word of any case, after `=` all of one, after
    `^` its beginning, after `~` its end, after `+` all of one but for a word such as *number*, or a capital, glued to
    it; with a capital all of a word as it stands; with a sign in it anywhere.

    A gate begins with one class of characters: `re` then skips to its members, which is two to four times as fast.
    """

    placeholder: str
    gate: re.Pattern[str]
    words: tuple[str, ...] = ()
    digits: bool = False  # whether seven of them stand together, blanks and signs apart


def _kind(placeholder: str, gate: str, words: str = "", *, digits: bool = False) -> Kind:
    return Kind(placeholder, re.compile(gate), tuple(words.split()), digits)


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
KINDS = {
    "address": _kind("<ADDRESS>",
        r"[0-9][0-9A-Za-z]{0,5},? [A-Za-zÀ-ÖØ-ÞŁŚŻ]|[A-Za-zß.,] {0,2}[0-9]|[sS]/[nN]\b|[º°] ?[0-9]"
    , _STREETS),
    "bank_account": _kind("<BANK_ACCOUNT>", r"[0-9][0-9]{7}", "account acct a/c konto", digits=True),
    "bic": _kind("<BIC>", r"[A-Z][A-Z]{5}[A-Z0-9]{2}", "^swift ^bic"),
    "ch_ahv": _kind("<CH_AHV>", r"756[. ]?[0-9]{4}[. ]?[0-9]{4}", digits=True),
    "coordinates": _kind("<COORDINATES>", r"[0-9]\.[0-9]{3}|[0-9]°", "° ^lat ^gps ^coord =position =located ^geo"),
    "credit_card": _kind("<CREDIT_CARD>", r"[0-9][0-9]{3}(?:[0-9]{8}|[ -][0-9]{4,6}[ -][0-9]{4})", digits=True),
    "crypto": _kind("<CRYPTO>", r"[b13][a-zA-HJ-NP-Z0-9]{25}"),
    "date_of_birth": _kind(
        "<DATE_OF_BIRTH>", r"[0-9][0-9]", "^birth =born =dob d.o.b d.ob do.b =geb ^geburt ^gebor ^nac =né =née"
    ),
    "de_id_card": _kind("<DE_ID_CARD>", r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}[0-9]", "ausweis card"),
    "de_tax_id": _kind("<DE_TAX_ID>", r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", "steuer id tin", digits=True),
    "driver_license": _kind("<DRIVER_LICENSE>", _DIGITS, "^driver ^driving +dl ^führerschein =permis =permiso"),
    "email": _kind("<EMAIL>", r"[@%](?:(?<=\w@)|(?<=\w%)40)\w", "@ %40"),
    "employee_id": _kind(
        "<EMPLOYEE_ID>", _DIGITS,
        "+employee +empleado +emp +staff +personnel =personal ^personaln +worker +badge +matricule"
    ),
    "es_dni": _kind("<ES_DNI>", r"[0-9](?:[0-9]{2}\.?[0-9]{3}|[0-9]{6})[ -]?[A-Z]", digits=True),
    "es_nass": _kind(
        "<ES_NASS>", r"[0-9][0-9](?:[0-9]{5}|[ /-][0-9]{5})", "=nass =nss =naf =seguridad ^afiliaci", digits=True
    ),
    "fr_nir": _kind(
        "<FR_NIR>", r"[1278] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", digits=True
    ),
    "iban": _kind("<IBAN>", r"[0-9](?<=[A-Za-z]{2}.)[0-9](?:[ -]?[A-Za-z0-9]){11}"),
    "invoice_number": _kind("<INVOICE_NUMBER>", _DIGITS, "+invoice =inv ^rechnung +facture +factura"),
    "ip": _kind("<IP>", r"[.:](?:(?<=\.)[0-9]{1,3}\.[0-9]|(?<=:)(?:[0-9A-Fa-f]{1,4}:|:[0-9A-Fa-f]))"),
    "mac": _kind("<MAC>", r"[:.-][0-9A-Fa-f]{2}(?:[:-]|[0-9A-Fa-f]{2}\.)"),
    "medical_record": _kind(
        "<MEDICAL_RECORD>", _DIGITS, "^mrn =medical +patient ^patientenn ^nhc =historia ^cipa +chart =episodio"
    ),
    "passport": _kind(
        "<PASSPORT>", r"[A-Z0-9](?:[A-Z0-9]{6}|(?<=[0-9])[0-9]{2})", "passport pasaporte reisepass passeport travel"
    ),
    "phone": _kind("<PHONE>", r"[0-9]", digits=True),
    "policy_number": _kind(
        "<POLICY_NUMBER>", _DIGITS,
        "+policy +police =pol +póliza +poliza ^versicherungs +member +subscriber +claim"
    ),
    "tax_id": _kind(
        "<TAX_ID>",
        r"[0-9][0-9 ./-]{5}",
        "=ein =fein =tin =vat ^tax =employer ^steuer ^ust =utr =siret =siren =cif =nif =fiscal"
    ),
    "uk_nhs": _kind("<UK_NHS>", r"[0-9][0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{4}", digits=True),
    "uk_nino": _kind("<UK_NINO>", r"[0-9][0-9] ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
    "us_ssn": _kind("<US_SSN>", r"[0-9][0-9]{2}(?:[ .–-][0-9]{2}[ .–-][0-9]{4}|[0-9]{6})", digits=True),
    "username": _kind(
        "<USERNAME>",
        r"(?i)(?:user|name|id|log-?[io]n|kennung|benutzer|usuario|utilisateur)[\"'\])*]{0,4} ?(?::|=)|user '|'@'",
        "user login log-on logon benutzer usuario utilisateur =screen '@'",
    ),
}  # fmt: skip

WITHOUT_DIGIT = ("address", "bic", "email", "ip", "mac", "passport", "username")  # whose gates may match without one
