"""The note in the file's XMP packet that says: colors by photochrom, with this model.

An existing packet keeps its properties. Set or replaced are Iptc4xmpExt:DigitalSourceType (IPTC NewsCode "composite
with trained algorithmic media": real media edited with a trained model; for a transplant "composite": of elements
that a model may have made or not), and what colorizing made untrue, if stated (orientation, color space).
xmp:CreatorTool is set only where nothing is named yet. One event is added to xmpMM:History. Without a time, so that
equal input gives equal output.
"""

from xml.dom import Node, minidom
from xml.dom.minidom import Document, Element
from xml.parsers.expat import ExpatError

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/composite"

TRANSPLANT = "transplant"
"""Stands where a model's name would when the colors come from another version of the photo."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PREFIXES = {
    "x": "adobe:ns:meta/",
    "rdf": _RDF,
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
}
_XMLNS = "http://www.w3.org/2000/xmlns/"
_CORRECTED = {
    ("tiff", "Orientation"): "1",
    ("exif", "ColorSpace"): "1",
    ("photoshop", "ColorMode"): "3",
    ("photoshop", "ICCProfile"): "sRGB",
}
_LARGEST = 1 << 23
_EMPTY = (
    f'<x:xmpmeta xmlns:x="{_PREFIXES["x"]}"><rdf:RDF xmlns:rdf="{_RDF}">'
    '<rdf:Description rdf:about=""/></rdf:RDF></x:xmpmeta>'
)
_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="w"?>'


def with_provenance(packet: bytes | None, software: str, model: str | None) -> bytes:
    """Return the XMP packet with the note merged in.

    A packet that is not well-formed, declares entities or a document type, or is too large or too deep to handle
    is replaced: no reader could use it, or no reader should.
    """
    for source in (packet, None):
        try:
            document = _parse(source)
            _annotate(document, software, model)
            root = document.documentElement
            assert root is not None
            return f"{_BEGIN}\n{root.toxml()}\n{_END}".encode()
        except (ValueError, ExpatError, RecursionError, LookupError):
            continue
    raise AssertionError("the empty packet can always be annotated")


def _parse(packet: bytes | None) -> Document:
    if packet is None:
        return minidom.parseString(_EMPTY)
    text = _text(packet)
    if len(text) > _LARGEST or "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):
        raise ValueError("too large, or with a document type or entities")
    return minidom.parseString(text.encode())


def _text(packet: bytes) -> str:
    """Decode a packet: UTF-8, or UTF-16 as told by a mark or by the zero byte beside the first "<"."""
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"):
        order = "utf-16-be" if packet[:2] in (b"\xfe\xff", b"\0<") else "utf-16-le"
        return packet.decode(order).lstrip("\ufeff").rstrip("\0")
    text = packet.strip(b"\0 \r\n\t").decode("utf-8").lstrip("\ufeff")
    return text.split("?>", 1)[1] if text.startswith("<?xml ") else text


def _annotate(document: Document, software: str, model: str | None) -> None:
    found = document.getElementsByTagNameNS(_RDF, "RDF")
    if not found:
        raise ValueError("no rdf:RDF")
    descriptions = [
        child
        for child in found[0].childNodes
        if child.nodeType == Node.ELEMENT_NODE and (child.namespaceURI, child.localName) == (_RDF, "Description")
    ]
    subject = descriptions[0].getAttributeNS(_RDF, "about") if descriptions else ""
    for (prefix, name), value in _CORRECTED.items():
        if _remove(descriptions, prefix, name):
            descriptions[0].appendChild(_property(document, prefix, name, value))
    previous = _remove(descriptions, "Iptc4xmpExt", "DigitalSourceType")
    named = any(_has(description, "xmp", "CreatorTool") for description in descriptions)
    note = _element(document, "rdf", "Description")
    note.setAttributeNS(_RDF, "rdf:about", subject)
    note.appendChild(_property(document, "Iptc4xmpExt", "DigitalSourceType", _source_type(model)))
    if not named:
        note.appendChild(_property(document, "xmp", "CreatorTool", software))
    _events(document, descriptions, note).appendChild(_event(document, software, model, previous))
    found[0].appendChild(note)


def _source_type(model: str | None) -> str:
    return COMPOSITE if model == TRANSPLANT else SOURCE_TYPE


def _event(document: Document, software: str, model: str | None, previous: str) -> Element:
    parameters = f"colorized with model {model}" if model else "colorized"
    if model == TRANSPLANT:
        parameters = "colorized with the colors of another version of this photo (transplant)"
    if previous and previous != _source_type(model):
        parameters += f"; the source was {previous}"
    event = _element(document, "rdf", "li")
    event.setAttributeNS(_RDF, "rdf:parseType", "Resource")
    said = {"action": "edited", "softwareAgent": software, "parameters": parameters, "changed": "/"}
    for name, value in said.items():
        event.appendChild(_property(document, "stEvt", name, value))
    return event


def _events(document: Document, descriptions: list[Element], note: Element) -> Element:
    """Return the rdf:Seq of xmpMM:History, made where there is none."""
    for description in descriptions:
        for history in _children(description, "xmpMM", "History"):
            for sequence in _children(history, "rdf", "Seq"):
                return sequence
    history = _element(document, "xmpMM", "History")
    sequence = _element(document, "rdf", "Seq")
    history.appendChild(sequence)
    note.appendChild(history)
    return sequence


def _property(document: Document, prefix: str, name: str, value: str) -> Element:
    element = _element(document, prefix, name)
    element.appendChild(document.createTextNode("".join(sign for sign in value if sign.isprintable())))
    return element


def _element(document: Document, prefix: str, name: str) -> Element:
    element = document.createElementNS(_PREFIXES[prefix], f"{prefix}:{name}")
    element.setAttributeNS(_XMLNS, f"xmlns:{prefix}", _PREFIXES[prefix])
    return element


def _has(description: Element, prefix: str, name: str) -> bool:
    return description.hasAttributeNS(_PREFIXES[prefix], name) or bool(_children(description, prefix, name))


def _remove(descriptions: list[Element], prefix: str, name: str) -> str:
    """Remove a property wherever it stands; return the value it had, "" if it had none."""
    value = ""
    for description in descriptions:
        if description.hasAttributeNS(_PREFIXES[prefix], name):
            value = description.getAttributeNS(_PREFIXES[prefix], name)
            description.removeAttributeNS(_PREFIXES[prefix], name)
        for child in _children(description, prefix, name):
            value = "".join(node.data for node in child.childNodes if node.nodeType == Node.TEXT_NODE).strip()
            value = value or child.getAttributeNS(_RDF, "resource")
            description.removeChild(child)
    return value


def _children(description: Element, prefix: str, name: str) -> list[Element]:
    return [
        child
        for child in description.childNodes
        if child.nodeType == Node.ELEMENT_NODE and (child.namespaceURI, child.localName) == (_PREFIXES[prefix], name)
    ]
