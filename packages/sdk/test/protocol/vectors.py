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
    "resume": 0x09, "resumeRefused": 0x0A, "availability": 0x0B,
    "listTopics": 0x10, "topicList": 0x11, "createTopic": 0x12, "topicCreated": 0x13,
    "readHistory": 0x14, "historyRead": 0x15, "proveEntry": 0x16, "entryProof": 0x17,
    "proveConsistency": 0x18, "consistencyProof": 0x19,
    "openTopic": 0x20, "topicOpened": 0x21, "publish": 0x22, "ack": 0x23, "refused": 0x24, "entry": 0x25,
    "placeholder": 0x26, "checkpoint": 0x27, "member": 0x28, "receipt": 0x29,
    "sealed": 0x2A, "revealed": 0x2B, "rights": 0x2C, "presence": 0x2D, "typing": 0x2E, "waiting": 0x2F,
    "setRoles": 0x1A, "rolesSet": 0x1B, "listQuestions": 0x1C, "questionList": 0x1D, "search": 0x1E, "found": 0x1F,
    "listPrepared": 0x30, "prepared": 0x31, "listDeliveries": 0x32, "deliveryList": 0x33, "preparedListed": 0x34,
    "claimCursor": 0x35, "cursor": 0x36, "saveCursor": 0x37, "cursorSaved": 0x38, "dropCursor": 0x39,
    "cursorDropped": 0x3A,
    "consentNeeded": 0x40, "accountChanged": 0x41, "giveConsent": 0x42, "consentGiven": 0x43,
    "changeName": 0x44, "changePassword": 0x45, "listUsers": 0x46, "userList": 0x47, "addUser": 0x48,
    "changeUser": 0x49, "userChanged": 0x4A, "eraseUser": 0x4B, "userErased": 0x4C,
    "exportUser": 0x4D, "userTopics": 0x4E, "userExported": 0x4F,
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


def check_entry(message):
    """An entry's leaf line fixes its content line."""
    body = unhex(message["body"])
    leaf, content = body[: message["leafBytes"]], body[message["leafBytes"] :]
    salt = base64.urlsafe_b64decode(message["salt"] + "=")
    commitment = base64.urlsafe_b64encode(hashlib.sha256(salt + content).digest()).decode().rstrip("=")
    assert json.loads(leaf)["commitment"] == commitment, leaf


def check_sealed(sealed, revealed):
    """What was sealed is what is revealed: the same leaf line, byte for byte, to which the content fits."""
    leaf = unhex(revealed["body"])[: revealed["leafBytes"]]
    assert unhex(sealed["body"]) == leaf, leaf


def check_opened(message):
    """The frontier of the whole tree has the root that the checkpoint was signed over."""
    peaks = [base64.urlsafe_b64decode(peak + "=") for peak in message["frontier"]]
    size = message["topic"]["head"]
    if size == 0 or len(peaks) != bin(size).count("1"):
        return
    root = peaks.pop()
    while peaks:
        root = hashlib.sha256(b"\1" + peaks.pop() + root).digest()
    assert message["checkpoint"].split("\n")[1:3] == [str(size), base64.b64encode(root).decode()], message


if __name__ == "__main__":
    vectors = json.loads((pathlib.Path(__file__).parent / "vectors.json").read_text("utf-8"))
    for vector in vectors["valid"]:
        vector["hex"] = frame(vector["message"])
        if vector["message"]["type"] in ("entry", "revealed"):
            check_entry(vector["message"])
        if vector["message"]["type"] == "topicOpened":
            check_opened(vector["message"])
    named = {vector["name"]: vector["message"] for vector in vectors["valid"]}
    check_sealed(named["sealed"], named["revealed"])
    for pair in vectors["padding"]:
        pair[1] = padded_length(pair[0])
    print(json.dumps(vectors, indent=2, ensure_ascii=True))
