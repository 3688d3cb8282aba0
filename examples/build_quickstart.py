"""Build the binary documents of the quickstart: two PDF files, one of them broken, and one DOCX.

Reads   nothing; the text is below.
Writes  datasheet.pdf, broken.pdf, troubleshooting.docx into factory/quickstart/documents/support/.
Costs   milliseconds, standard library only. The same bytes on every machine: no time, no compression.

    python examples/build_quickstart.py           write the three files
    python examples/build_quickstart.py --check   exit 1 if a committed file differs
"""

import io
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

SUPPORT = Path(__file__).resolve().parents[1] / "factory/quickstart/documents/support"

# One block a line: "# title", "## heading", "### subheading", "1. step", "| cell | cell |", or a paragraph.
# A line that starts with two spaces goes on with the block above; "---" starts a page.
DATASHEET = """
# Data sheet: Freshet FG-2 stream gauge and GW-1 gateway
The Freshet FG-2 is an ultrasonic stream gauge with its own battery and radio. The GW-1 is the gateway that
  receives, stores and serves the readings of up to 16 gauges. The values in the data sheet apply to firmware 3.2
  and to an air temperature of 20 °C unless stated otherwise.
## Measurement
The measuring range of the Freshet FG-2 is 0.30 m to 6.00 m between the sensor face and the water. The resolution is
  1 mm. The accuracy is ±5 mm or ±0.2 % of the distance, whichever is larger. The beam is a cone of 10 degrees. The
  carrier frequency of the ultrasound is 42 kHz, and one reading is the median of nine bursts sent within 1.8
  seconds.
The built-in thermistor measures the air from -40 °C to 70 °C with an error of at most 0.3 °C. The gauge uses the
  temperature to correct the speed of sound and stores it with each reading.
## Housing
The housing of the Freshet FG-2 is a cylinder of glass-filled polyamide, 118 mm in diameter and 96 mm high. The mass
  is 640 g including the battery. The housing is rated IP68 for one metre of water during 24 hours. The gauge
  operates from -20 °C to 55 °C.
## Power supply
The Freshet FG-2 runs on one lithium thionyl chloride cell of size D with 3.6 V and 17 Ah. The mean current is 388
  µA at one reading every 15 minutes, which gives a battery life of 5 years. The current is below 8 µA in storage
  mode and reaches 95 mA for 60 milliseconds during a radio transmission.
## Radio
The radio of the Freshet FG-2 works at 868 MHz in Europe and at 915 MHz in North America. The transmission power is
  14 dBm, which is 25 mW. The range is 2 km in open country and 400 m in dense woodland. All messages are encrypted
  with AES-128 in CCM mode.
---
## Gateway
The GW-1 gateway is an indoor device of 110 mm by 80 mm by 28 mm with a mass of 180 g. The gateway takes 5 V through
  USB-C and draws 2 W on average. It has one Ethernet port of 100 Mbit/s, Wi-Fi at 2.4 GHz, one USB-A port for
  backups and 8 GB of flash memory. The operating temperature of the gateway is 0 °C to 40 °C.
## Status lights of the gateway
A steady green light means that the gateway works and its network is connected. A steady amber light means that the
  network cable is unplugged or the Wi-Fi is out of reach. A pulsing blue light means that the pairing window is
  open. A steady red light means that the memory test at start-up has failed.
## Data
One reading of a Freshet gauge takes 40 bytes on the gateway. A gauge with one reading every 15 minutes makes 35,040
  readings a year, or about 1.4 MB. The gauge itself buffers 3,000 readings while the gateway is out of reach, which
  is 31 days at one reading every 15 minutes.
## Order numbers
The order number of the starter kit is FR-100 for Europe and FR-101 for North America. The order number of a single
  gauge is FR-210, of a gateway FR-310, of a bracket FR-420, of a battery with desiccant bag and O-ring FR-430, and
  of a magnet key FR-440.
## Conformity and recycling
The Freshet FG-2 and the GW-1 conform to the Radio Equipment Directive 2014/53/EU and to the directive 2011/65/EU on
  hazardous substances. At the end of its life a gauge is taken apart with one T10 screwdriver: the cell goes to
  battery recycling, the polyamide housing to plastics recycling, and the circuit board to electronics recycling.
"""

POSTER = """
# Installation poster for the Freshet FG-2
The installation poster shows the way from the box to the first reading in six pictures. Hang the poster beside the
  gateway.
## Before you leave the house
1. Pair the gauge with the gateway on a table.
2. Pack the bracket, four screws, a 13 mm spanner, the folding rule and the magnet key.
3. Tell a second person when you will be back from the stream.
## At the stream
1. Screw the bracket to the underside of the bridge.
2. Slide the gauge onto the bracket until the latch clicks.
3. Turn the gauge until the bubble rests inside the ring.
4. Measure the mounting height with the folding rule and write it down.
"""

TROUBLESHOOTING = """
# Troubleshooting the Freshet stream gauge
The troubleshooting guide of Fernweir Instruments helps owners of a Freshet gauge to find a fault by its signs. Run
  freshet doctor first: the command names most faults by an error code.
## Lights of the gauge
A Freshet gauge shows its state through the light beside the white dot. Touch the white dot with the magnet key for
  1 second to see the light, which stays dark at other times to save the battery.
| Light | Meaning | What to do |
| One green blink | The gauge works and has radio contact. | Nothing. |
| Two green blinks | The gauge works but has no radio contact. | Move the gateway closer to a window. |
| Amber blinking | The pairing window of the gauge is open. | Finish pairing within 120 seconds. |
| Three red blinks | Pairing or the self-test has failed. | Repeat the pairing; replace the battery if it fails
  again. |
| No light | The battery is empty or the gauge is in storage mode. | Hold the magnet key against the white dot for 5
  seconds. |
## No readings arrive
### Check the gateway
A missing reading is caused by the gateway more often than by the gauge. Check the gateway before you walk to the
  stream.
1. Look at the light of the gateway: it must be steady green.
2. Open the setup page and read the time of the last uplink of each gauge.
3. If every gauge is silent, restart the gateway by unplugging its power supply for 10 seconds.
4. If one gauge is silent, check the radio path to that gauge.
### Check the radio path
The radio path is the straight line between a gauge and its gateway. Wet leaves, parked vehicles and metal roofs on
  the radio path weaken the signal. A signal strength above -110 dBm is good, and a signal strength below -120 dBm
  loses readings. Raising the gateway by one floor usually gains 6 dB.
## The stage jumps up and down
Jumps of the stage by more than 40 mm between two readings have three common causes. Waves behind a weir scatter the
  echo; move the gauge 5 m upstream. Reeds or branches in the beam return an echo of their own; cut them back. A
  spider web on the sensor face weakens the echo; brush it off in service mode.
## The stage drifts slowly
A slow drift of the stage by a few millimetres a week points to a sinking bracket or to silt under the staff board.
  To tell the two apart, measure the distance from the sensor face to a fixed mark on the bridge. If the distance
  has changed, the bracket has moved. If the distance is the same, the staff board has moved or the stream bed has
  silted up.
## The stage is wrong by a constant amount
A constant error of the stage means that the mounting height is wrong. Measure the mounting height again with the
  folding rule and correct it with the command freshet datum. Stored readings keep their old stage; the site log
  records the moment of the correction.
## The gauge reports water inside its dead zone
The error code E06 means that the water, or an object, is less than 0.30 m below the sensor face. In a flood the
  error code is correct, and the bracket should be raised after the flood. In dry weather the usual cause is a
  branch, an icicle or a bird's nest under the gauge.
## When to send a gauge for repair
Send a Freshet gauge for repair when it reports the error code E04, when the error code E10 returns after a new
  desiccant bag, or when its housing is cracked. Ask for a return number first, and remove the battery before you
  pack the gauge.
"""


def blocks(text: str) -> list[str]:
    return text.strip().replace("\n  ", " ").split("\n")


# --- PDF: Helvetica, WinAnsi, one Tj a line, real spaces between words ---

STYLES = {"# ": ("F2", 17, 24), "## ": ("F2", 13, 18), "": ("F1", 10, 14)}  # font, size, leading
LEFT, TOP, WIDTH_EM = 56, 790, 0.51  # points; mean width of a Helvetica letter


def page_stream(page: list[str]) -> bytes:
    """The content stream of one A4 page: each block wrapped, top down."""
    out, y = [], TOP
    for block in page:
        mark = next(mark for mark in STYLES if block.startswith(mark))
        font, size, leading = STYLES[mark]
        y -= 10 if mark else 5
        for line in textwrap.wrap(block.removeprefix(mark), int(483 / (size * WIDTH_EM)), break_on_hyphens=False):
            shown = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            out.append(f"BT /{font} {size} Tf 1 0 0 1 {LEFT} {y} Tm ({shown}) Tj ET")
            y -= leading
    return "\n".join(out).encode("cp1252")


def pdf(text: str, title: str) -> bytes:
    """A PDF 1.4 file. The catalogue comes last, so that a file cut short has no root to be found."""
    pages = [blocks(part) for part in text.split("\n---\n")]
    count = len(pages)
    kids = " ".join(f"{3 + count + n} 0 R" for n in range(count))
    tree = 3 + 2 * count
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    bodies = [font.format("Helvetica").encode(), font.format("Helvetica-Bold").encode()]
    for stream in map(page_stream, pages):
        bodies.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream))
    bodies += [
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 595 842] /Contents {3 + n} 0 R "
        f"/Resources << /Font << /F1 1 0 R /F2 2 0 R >> >> >>".encode()
        for n in range(count)
    ]
    bodies.append(f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode())
    bodies.append(f"<< /Title ({title}) /Author (Fernweir Instruments) >>".encode())
    bodies.append(f"<< /Type /Catalog /Pages {tree} 0 R /Lang (en) >>".encode())

    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    xref, size = len(out), len(bodies) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(b"%010d 00000 n \n" % at for at in offsets)
    out += b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\n" % (size, size - 1, size - 2)
    out += b"startxref\n%d\n%%%%EOF\n" % xref
    return bytes(out)


# --- DOCX: five parts in a stored zip with a fixed date ---

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"

CONTENT_TYPES = f"""{XML}<Types xmlns="{PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/word/document.xml" ContentType="{WORD}.document.main+xml"/>\
<Override PartName="/word/styles.xml" ContentType="{WORD}.styles+xml"/>\
<Override PartName="/word/numbering.xml" ContentType="{WORD}.numbering+xml"/></Types>"""

RELATIONSHIPS = f"""{XML}<Relationships xmlns="{PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>"""

DOCUMENT_RELATIONSHIPS = f"""{XML}<Relationships xmlns="{PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{OFFICE}/styles" Target="styles.xml"/>\
<Relationship Id="rId2" Type="{OFFICE}/numbering" Target="numbering.xml"/></Relationships>"""

NUMBERING = f"""{XML}<w:numbering {W}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>\
<w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/><w:pPr><w:ind w:left="720" w:hanging="360"/></w:pPr></w:lvl>\
</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>"""


def styles() -> str:
    """Normal and Heading 1 to 3."""
    headings = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        f'<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/><w:pPr><w:keepNext/>'
        f'<w:outlineLvl w:val="{level - 1}"/></w:pPr><w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
        for level, size in ((1, 36), (2, 28), (3, 24))
    )
    normal = (
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>'
    )
    return f"{XML}<w:styles {W}>{normal}{headings}</w:styles>"


def paragraph(text: str, properties: str = "") -> str:
    shown = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{shown}</w:p>"


def table(rows: list[str]) -> str:
    """Rows of "| a | b |"; the first is the header."""
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4"/>' for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = '<w:gridCol w:w="2000"/><w:gridCol w:w="3600"/><w:gridCol w:w="3600"/>'
    out = f"<w:tbl><w:tblPr><w:tblBorders>{sides}</w:tblBorders></w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
    for nth, row in enumerate(rows):
        cells = "".join(f"<w:tc>{paragraph(cell.strip())}</w:tc>" for cell in row.strip("|").split("|"))
        out += f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if nth == 0 else ''}{cells}</w:tr>"
    return out + "</w:tbl>"


def body(lines: list[str]) -> Iterator[str]:
    """Each block as WordprocessingML; neighbouring table rows become one table."""
    rows: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            rows.append(line)
            continue
        if rows:
            yield table(rows)
            rows = []
        mark, _, rest = line.partition(" ")
        if mark in ("#", "##", "###"):
            yield paragraph(rest, f'<w:pStyle w:val="Heading{len(mark)}"/>')
        elif mark.rstrip(".").isdigit():
            yield paragraph(rest, '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        elif line:
            yield paragraph(line)


def docx(text: str) -> bytes:
    document = f"{XML}<w:document {W}><w:body>{''.join(body(blocks(text)))}<w:sectPr/></w:body></w:document>"
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONSHIPS,
        "word/document.xml": document,
        "word/_rels/document.xml.rels": DOCUMENT_RELATIONSHIPS,
        "word/styles.xml": styles(),
        "word/numbering.xml": NUMBERING,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # the same bytes on Windows
            archive.writestr(entry, part.encode())
    return out.getvalue()


def files() -> dict[str, bytes]:
    whole = pdf(POSTER, "Installation poster")
    return {
        "datasheet.pdf": pdf(DATASHEET, "Data sheet: Freshet FG-2 and GW-1"),
        "broken.pdf": whole[: len(whole) // 3],
        "troubleshooting.docx": docx(TROUBLESHOOTING),
    }


def main(check: bool) -> str | int:
    """Write the files, or with `check` name those whose bytes differ."""
    if not check:
        for name, data in files().items():
            (SUPPORT / name).write_bytes(data)
        return 0
    stale = [name for name, data in files().items() if (SUPPORT / name).read_bytes() != data]
    return f"{SUPPORT}: {', '.join(stale)} differ from what this script builds; run it without --check" if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
