"""Derives every frame of vectors.json from its message, as docs/protocol.md specifies and with nothing but the standard
library: a second opinion on the codec. Prints the file again; after a change, put what it prints in the file's place.

    python3 vectors.py
"""

import base64
import hashlib
import json
import pathlib

TYPES = {
    "hello": 0x01, "welcome": 0x02, "login": 0x03, "session": 0x04,
    "ping": 0x05, "pong": 0x06, "goodbye": 0x07, "error": 0x08,
    "listTopics": 0x10, "topicList": 0x11, "createTopic": 0x12, "topicCreated": 0x13,
    "readHistory": 0x14, "historyRead": 0x15,
    "proveEntry": 0x16, "entryProof": 0x17, "proveConsistency": 0x18, "consistencyProof": 0x19,
    "openTopic": 0x20, "topicOpened": 0x21, "publish": 0x22, "ack": 0x23, "refused": 0x24, "entry": 0x25,
    "placeholder": 0x26, "checkpoint": 0x27,
}  # fmt: skip


def unhex(notation):
    """Hex with spaces anywhere between words; `word*n` is the word n times."""
    words = (word.partition("*") for word in notation.split())
    return b"".join(bytes.fromhex(digits) * int(times or 1) for digits, _, times in words)


def varint(value):
    if value < 2**6:
        return value.to_bytes(1, "big")
    if value < 2**14:
        return (value | 0x4000).to_bytes(2, "big")
    return (value | 0x80000000).to_bytes(4, "big")


def padded_length(length):
    if length <= 256:
        return 256
    exponent = length.bit_length() - 1
    step = 2 ** (exponent - exponent.bit_length())
    return (length + step - 1) // step * step


def frame(message):
    head = json.dumps(
        {name: value for name, value in message.items() if name not in ("type", "body")},
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
    body = message.get("body", "")
    start = bytes([TYPES[message["type"]]])
    length = len(start) + len(varint(len(head))) + len(head) + len(unhex(body))
    unpadded = len(varint(length)) + length
    padding = padded_length(unpadded) - unpadded
    words = [varint(length).hex(), start.hex(), varint(len(head)).hex(), head.hex(), body]
    return " ".join([word for word in words if word] + ([f"00*{padding}"] if padding else []))


def b64url(text):
    return base64.urlsafe_b64decode(text + "=")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def check_entry(message):
    """An entry's leaf line fixes its content line. Gives the leaf's hash."""
    body = unhex(message["body"])
    leaf, content = body[: message["leafBytes"]], body[message["leafBytes"] :]
    assert b64url(json.loads(leaf)["commitment"]) == sha256(b64url(message["salt"]), content), leaf
    return sha256(b"\x00", leaf)


def grow(size, peaks, leaf_hash):
    """The frontier of a tree with one leaf more."""
    peaks, node, rest = list(peaks), leaf_hash, size
    while rest % 2 == 1:
        node, rest = sha256(b"\x01", peaks.pop(), node), rest // 2
    return [*peaks, node]


def root_of(peaks):
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = sha256(b"\x01", peak, root)
    return root


def check_log(messages):
    """What topicOpened, entry and checkpoint say of one log fits together. (Signatures need more than the library.)"""
    opened, entry, checkpoint = messages["topicOpened"], messages["entry"], messages["checkpoint"]
    log_key = b64url(messages["welcome"]["logKey"])
    peaks, size = [b64url(peak) for peak in opened["frontier"]], opened["topic"]["head"]
    leaf_hash = check_entry(entry)
    assert b64url(messages["placeholder"]["leafHash"]) == leaf_hash
    grown = grow(size, peaks, leaf_hash)
    for note, count, root in [(opened["checkpoint"], size, root_of(peaks)), (checkpoint["note"], size + 1, root_of(grown))]:
        text, _, signature = note.partition("\n\n")
        origin = "redroom/" + opened["topic"]["id"]
        assert text == f"{origin}\n{count}\n{base64.b64encode(root).decode()}", note
        key_id = sha256(origin.encode(), b"\n\x01", log_key)[:4]
        assert signature.startswith(f"— {origin} ") and base64.b64decode(signature.split()[2])[:4] == key_id, note


if __name__ == "__main__":
    vectors = json.loads((pathlib.Path(__file__).parent / "vectors.json").read_text("utf-8"))
    for vector in vectors["valid"]:
        vector["hex"] = frame(vector["message"])
        if vector["message"]["type"] == "entry":
            check_entry(vector["message"])
    check_log({vector["name"]: vector["message"] for vector in vectors["valid"]})
    for pair in vectors["padding"]:
        pair[1] = padded_length(pair[0])
    print(json.dumps(vectors, indent=2, ensure_ascii=True))
