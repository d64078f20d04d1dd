"""The provenance note joins whatever XMP a file has, and hostile XMP does no harm."""

from xml.etree import ElementTree

import pytest

from photochrom.photo.provenance import SOURCE_TYPE, with_provenance

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
MM = "{http://ns.adobe.com/xap/1.0/mm/}"
EVENT = "{http://ns.adobe.com/xap/1.0/sType/ResourceEvent#}"
TIFF = "{http://ns.adobe.com/tiff/1.0/}"

RICH = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Old Tool">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"
    xmlns:mine="http://example.org/archive/" mine:shelf="B 12 &amp; 13">
   <xmp:CreatorTool>ScanMaster 3</xmp:CreatorTool>
   <mine:people><rdf:Bag><rdf:li>Zoë</rdf:li><rdf:li>Ægir</rdf:li></rdf:Bag></mine:people>
   <dc:title xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt>
    <rdf:li xml:lang="x-default">Märchen</rdf:li></rdf:Alt></dc:title>
   <e:DigitalSourceType xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
     >http://cv.iptc.org/newscodes/digitalsourcetype/print</e:DigitalSourceType>
   <xmpMM:History xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"><rdf:Seq>
     <rdf:li rdf:parseType="Resource"><s:action xmlns:s="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#">created</s:action></rdf:li>
   </rdf:Seq></xmpMM:History>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def parsed(packet: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(packet)


def texts(packet: bytes, tag: str) -> list[str | None]:
    return [element.text for element in parsed(packet).iter(tag)]


def test_a_file_without_xmp_gets_a_packet() -> None:
    packet = with_provenance(None, "Photochrom 1.2", "small")
    assert packet.startswith(b"<?xpacket begin=")
    assert packet.endswith(b'<?xpacket end="w"?>')
    assert texts(packet, EXT + "DigitalSourceType") == [SOURCE_TYPE]
    assert texts(packet, XMP + "CreatorTool") == ["Photochrom 1.2"]
    assert texts(packet, EVENT + "softwareAgent") == ["Photochrom 1.2"]
    assert texts(packet, EVENT + "parameters") == ["colorized with model small"]


def test_existing_properties_stay() -> None:
    packet = with_provenance(RICH.encode(), "Photochrom 1.2", "small")
    text = packet.decode()
    for kept in ("Zoë", "Ægir", "Märchen", "B 12 &amp; 13", "ScanMaster 3", 'Rating="4"', "mine:people", "Old Tool"):
        assert kept in text
    assert texts(packet, XMP + "CreatorTool") == ["ScanMaster 3"]
    assert all(element.get(RDF + "about") == "uuid:1" for element in parsed(packet).iter(RDF + "Description"))


def test_the_source_type_is_replaced_and_the_old_one_remembered() -> None:
    packet = with_provenance(RICH.encode(), "Photochrom 1.2", "small")
    assert texts(packet, EXT + "DigitalSourceType") == [SOURCE_TYPE]
    assert "digitalsourcetype/print" in str(texts(packet, EVENT + "parameters"))


def test_history_grows_by_one_event() -> None:
    packet = with_provenance(RICH.encode(), "Photochrom 1.2", "small")
    assert len(list(parsed(packet).iter(MM + "History"))) == 1
    assert texts(packet, EVENT + "action") == ["created", "edited"]
    again = with_provenance(packet, "Photochrom 1.3", "large")
    assert texts(again, EVENT + "action") == ["created", "edited", "edited"]
    assert texts(again, EXT + "DigitalSourceType") == [SOURCE_TYPE]


def test_an_orientation_that_was_applied_is_not_stated_any_more() -> None:
    packet = with_provenance(RICH.encode(), "Photochrom 1.2", None)
    assert b'Orientation="6"' not in packet
    assert texts(packet, TIFF + "Orientation") == ["1"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-8"])
def test_packets_in_other_encodings_are_understood(encoding: str) -> None:
    assert "Märchen" in with_provenance(RICH.encode(encoding), "Photochrom", None).decode()


def test_padding_and_zero_bytes_are_no_obstacle() -> None:
    assert "Märchen" in with_provenance(RICH.encode() + b"\n  " * 900 + b"\0\0", "Photochrom", None).decode()


BOMB = """<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"""
FILE = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'
HOSTILE = {
    "bomb": BOMB + RICH.split("?>", 1)[1].replace("Zoë", "&c;"),
    "file": FILE + RICH.split("?>", 1)[1].replace("Zoë", "&secret;"),
    "late": RICH.replace("Zoë", "&unknown;"),
    "deep": RICH.replace("Zoë", "<a>" * 50_000 + "</a>" * 50_000),
    "cut": RICH[:400],
    "empty": "",
    "zeros": "\0" * 50,
    "text": "not xml at all",
    "no rdf": "<a/>",
    "control": RICH.replace("Zoë", "\x01"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_packets_are_replaced_and_never_expanded(name: str) -> None:
    packet = with_provenance(HOSTILE[name].encode(), "Photochrom 1.2", "small")
    assert texts(packet, EXT + "DigitalSourceType") == [SOURCE_TYPE]
    assert b"DOCTYPE" not in packet
    assert b"hahaha" not in packet
    assert len(packet) < 3000


def test_bytes_that_are_no_text_are_replaced() -> None:
    for junk in (b"\xff\xfe\x00", bytes(range(256)), b"\xfe\xff\xd8\x00", b"<?xml version='1.0' encoding='nope'?><a/>"):
        assert texts(with_provenance(junk, "Photochrom", None), EXT + "DigitalSourceType") == [SOURCE_TYPE]


def test_model_names_with_odd_signs_do_not_break_the_packet() -> None:
    packet = with_provenance(None, "Photochrom", 'a<b>&"\x00\n]]>c')
    assert texts(packet, EVENT + "parameters") == ['colorized with model a<b>&"]]>c']
