"""Small real files that tests write: PDF, Word, slides and books by hand, so that no test needs another library."""

import io
import struct
import zipfile
import zlib
from xml.sax.saxutils import escape

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
<Override PartName="/word/styles.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>
</Types>"""
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DOCX_RELS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>
</Relationships>"""
_DOCUMENT_RELS = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>
</Relationships>"""


def _head(pages: int, each: int) -> list[bytes]:
    """Catalogue, list of pages and font of a PDF; each page is so many objects, the page itself the first."""
    kids = " ".join(f"{4 + each * nth} 0 R" for nth in range(pages))
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]


def pdf(pages: list[str], *, encrypted: bool = False) -> bytes:
    """A PDF with one line of text for each line of each page (Latin-1); a page of '' has no text layer.

    `encrypted`: it says that a password is needed, which nobody knows.
    """
    objects = _head(len(pages), 2)
    for nth, page in enumerate(pages):
        content = _page_content(page)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * nth)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    secret = b"<" + b"ab" * 32 + b">"
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O %s /U %s /P -4 >> /ID [%s %s]" % ((secret,) * 4)
    return _assembled(objects, lock if encrypted else b"")


def pdf_of_script(lines: list[str]) -> bytes:
    """A PDF of one page in any script, each line drawn from left to right as it is seen: Hebrew is given in reverse."""
    letters = sorted({letter for line in lines for letter in line})
    codes = {letter: 33 + nth for nth, letter in enumerate(letters)}
    pairs = "\n".join(f"<{code:02x}> <{ord(letter):04x}>" for letter, code in codes.items())
    unicodes = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
        f"1 begincodespacerange <00> <ff> endcodespacerange\n{len(codes)} beginbfchar\n{pairs}\nendbfchar\n"
        "endcmap end end"
    ).encode()
    drawn = "\n".join(
        f"BT /F1 12 Tf 72 {720 - 16 * nth} Td <{''.join(f'{codes[letter]:02x}' for letter in line)}> Tj ET"
        for nth, line in enumerate(lines)
    ).encode()
    return _assembled(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /ToUnicode 6 0 R >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(unicodes), unicodes),
        ],
        b"",
    )


def _page_content(page: str) -> bytes:
    lines = []
    for nth, line in enumerate(page.split("\n") if page else []):
        shown = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        lines.append(f"BT /F1 12 Tf 72 {720 - 16 * nth} Td ({shown}) Tj ET")
    return "\n".join(lines).encode("latin-1")


def _assembled(objects: list[bytes], trailer: bytes) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def docx(paragraphs: list[str | tuple[int, str]], *, table: list[list[str]] | None = None) -> bytes:
    """A Word document: a string is a paragraph, (level, title) a heading; `table` comes last."""
    body = "".join(_paragraph(item) for item in paragraphs) + (_table(table) if table else "")
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        f'<w:pPr><w:outlineLvl w:val="{level - 1}"/></w:pPr></w:style>'
        for level in range(1, 7)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _CONTENT_TYPES)
        package.writestr("_rels/.rels", _DOCX_RELS)
        package.writestr("word/_rels/document.xml.rels", _DOCUMENT_RELS)
        package.writestr("word/styles.xml", f'<w:styles xmlns:w="{_W}">{styles}</w:styles>')
        package.writestr("word/document.xml", f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>')
    return out.getvalue()


def _paragraph(item: str | tuple[int, str]) -> str:
    style, text = (
        ("", item) if isinstance(item, str) else (f'<w:pPr><w:pStyle w:val="Heading{item[0]}"/></w:pPr>', item[1])
    )
    return f'<w:p>{style}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _table(rows: list[list[str]]) -> str:
    cells = ["".join(f"<w:tc>{_paragraph(cell)}</w:tc>" for cell in row) for row in rows]
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def packed(parts: dict[str, bytes | str]) -> bytes:
    """A zip file of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def repacked(package: bytes, old: str, new: str) -> bytes:
    """A zip file with `old` in its parts replaced by `new`."""
    with zipfile.ZipFile(io.BytesIO(package)) as parts:
        return packed({name: parts.read(name).replace(old.encode(), new.encode()) for name in parts.namelist()})


def _rels(*targets: tuple[str, str]) -> str:
    lines = [
        f'<Relationship Id="r{nth}" Type="{_OFFICE}/{type_}" Target="{target}"/>'
        for nth, (type_, target) in enumerate(targets, 1)
    ]
    return f'<Relationships xmlns="{_PACKAGE}">{"".join(lines)}</Relationships>'


_SLIDE = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    f'xmlns:r="{_OFFICE}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)


def shape(*paragraphs: str, role: str = "") -> str:
    """A shape of a slide; with a role (`title`, `body`) a placeholder of the layout. `> ` begins a second level."""
    place = f'<p:nvPr><p:ph type="{role}"/></p:nvPr>' if role else ""
    lines = []
    for paragraph in paragraphs:
        level = '<a:pPr lvl="1"/>' if paragraph.startswith("> ") else ""
        words = escape(paragraph.removeprefix("> ")).replace("\n", "</a:t></a:r><a:br/><a:r><a:t>")
        lines.append(f"<a:p>{level}<a:r><a:t>{words}</a:t></a:r></a:p>")
    return f"<p:sp><p:nvSpPr>{place}</p:nvSpPr><p:txBody>{''.join(lines)}</p:txBody></p:sp>"


def slide_table(rows: list[list[str]]) -> str:
    """A table on a slide."""
    cells = [
        "".join(f"<a:tc><a:txBody><a:p><a:r><a:t>{escape(cell)}</a:t></a:r></a:p></a:txBody></a:tc>" for cell in row)
        for row in rows
    ]
    grid = "".join(f"<a:tr>{row}</a:tr>" for row in cells)
    return (
        f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{grid}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )


def pptx(slides: list[list[str]], *, notes: dict[int, str] | None = None, hidden: tuple[int, ...] = ()) -> bytes:
    """A PowerPoint file of slides of shapes; `notes` of the speaker by the number of the slide, from 1."""
    notes = notes or {}
    names = [
        f"slides/slide{len(slides) - nth}.xml" for nth in range(len(slides))
    ]  # not in the order in which they show
    parts: dict[str, bytes | str] = {
        "_rels/.rels": _rels(("officeDocument", "ppt/presentation.xml")),
        "ppt/_rels/presentation.xml.rels": _rels(*(("slide", name) for name in names)),
        "ppt/presentation.xml": f"<p:presentation {_SLIDE}><p:sldIdLst>"
        + "".join(f'<p:sldId id="{256 + nth}" r:id="r{nth}"/>' for nth in range(1, len(slides) + 1))
        + "</p:sldIdLst></p:presentation>",
    }
    for number, (name, shapes) in enumerate(zip(names, slides, strict=True), 1):
        show = ' show="0"' if number in hidden else ""
        tree = f"<p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld>"
        parts[f"ppt/{name}"] = f"<p:sld {_SLIDE}{show}>{tree}</p:sld>"
        if number in notes:
            beside = name.replace("slides/", "slides/_rels/")
            parts[f"ppt/{beside}.rels"] = _rels(("notesSlide", f"../notesSlides/notes{number}.xml"))
            page = (
                f"<p:cSld><p:spTree>{shape(notes[number], role='body')}{shape('7', role='sldNum')}</p:spTree></p:cSld>"
            )
            parts[f"ppt/notesSlides/notes{number}.xml"] = f"<p:notes {_SLIDE}>{page}</p:notes>"
    return packed(parts)


def epub(chapters: dict[str, str], *, title: str = "The Book", locked: str = "") -> bytes:
    """A book of chapters, HTML bodies by their file's name; `locked` is the file that a shop encrypted."""
    items = "".join(
        f'<item id="c{nth}" href="{escape(name)}" media-type="application/xhtml+xml"/>'
        for nth, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{nth}"/>' for nth in range(len(chapters)))
    parts: dict[str, bytes | str] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title></metadata>'
        '<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f'{items}</manifest><spine><itemref idref="nav"/>{spine}</spine></package>',
        "OEBPS/nav.xhtml": "<html><body><p>Contents of the book</p></body></html>",
    }
    for name, body in chapters.items():
        if not name.startswith(".."):
            parts[f"OEBPS/{name}"] = f"<html><head><title>A chapter</title></head><body>{body}</body></html>"
    if locked:
        parts["META-INF/encryption.xml"] = (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<enc:EncryptedData xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:CipherData>'
            f'<enc:CipherReference URI="OEBPS/{locked}"/></enc:CipherData></enc:EncryptedData></encryption>'
        )
    return packed(parts)


def scanned(pages: list[str], *, typed: tuple[int, ...] = (), upside_down: bool = False) -> bytes:
    """A PDF whose pages are pictures of their lines, without a text layer; those `typed`, from 1, have text."""
    objects = _head(len(pages), 3)
    for nth, text in enumerate(pages):
        width, height, pixels = drawn(text, 180 if upside_down else 0)
        shown = _page_content(text) if nth + 1 in typed else b"q 612 0 0 792 0 0 cm /I Do Q"
        packed_pixels = zlib.compress(pixels)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> "
            b"/XObject << /I %d 0 R >> >> /Contents %d 0 R >>" % (6 + 3 * nth, 5 + 3 * nth),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
            b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
            % (width, height, len(packed_pixels), packed_pixels),
        ]
    return _assembled(objects, b"")


def drawn(text: str, turned: int = 0) -> tuple[int, int, bytes]:
    """Width, height and grey pixels of a page of text at 150 dots an inch, turned clockwise by so many degrees."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf([text])) as document:
        bitmap = document[0].render(scale=150 / 72, grayscale=True, rotation=turned)
        return bitmap.width, bitmap.height, bitmap.to_numpy().tobytes()


def png(text: str, turned: int = 0) -> bytes:
    """A PNG of a page of text, turned clockwise by so many degrees."""
    width, height, pixels = drawn(text, turned)
    lines = b"".join(b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
              for kind, data in parts)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(texts: list[str]) -> bytes:
    """A TIFF of several pages of text, its pixels as they are."""
    out = bytearray(b"II*\0" + bytes(4))
    link = 4  # where the place of the next page's directory is to be written
    for text in texts:
        width, height, pixels = drawn(text)
        strip = len(out)
        out += pixels + bytes(len(pixels) % 2)
        out[link : link + 4] = struct.pack("<I", len(out))
        tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: strip, 277: 1, 278: height, 279: len(pixels)}
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        out += struct.pack("<H", len(tags)) + entries
        link = len(out)
        out += bytes(4)
    return bytes(out)
