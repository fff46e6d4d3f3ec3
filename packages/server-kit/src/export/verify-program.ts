/**
 * The program that checks an export without anything of ours: it goes into every export, and docs/evidence.md shows it.
 * `verifyExport` makes the same checks in the same order; a change in one belongs into both.
 */
export const VERIFY_PROGRAM = String.raw`"""Checks an export of a Red Room topic, with what comes with Python and the command openssl (3.0 or newer):
python3 verify.py FOLDER [--address redroom://…] [--checkpoint EARLIER] [--print]
It ends with 0 when everything holds, with 1 and the first fault when not, with 2 when it could not check."""
import argparse, base64, decimal, hashlib, json, os, re, subprocess, sys, tempfile, time

LEAF = {"v": int, "topic": str, "seq": int, "id": str, "kind": str, "by": str, "at": int, "to": list, "re": int,
        "priority": str, "due": int, "asked": list, "commitment": str}  # in this order
SOME = ("to", "re", "priority", "due", "asked")  # only where there are any
KINDS = ("question", "answer", "note", "correction", "withdrawal", "closing", "reveal", "membership", "delivery",
         "erasure", "export")
ED25519 = bytes.fromhex("302a300506032b6570032100")  # what stands before such a key in DER
ID = "[A-Za-z0-9_-]{21}[AQgw]"  # 16 bytes in base64url

def must(holds, reason):
    if not holds: raise ValueError(reason)

def read(*path):
    with open(os.path.join(*path), "rb") as file: return file.read()

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()

def base64url(raw): return base64.urlsafe_b64encode(raw).decode().rstrip("=")

def unbase64(text):
    must(base64.b64encode(raw := base64.b64decode(text, validate=True)).decode() == text, "not canonical base64")
    return raw

def signed(key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for path, data in zip(paths, (key, message, signature)):
            with open(path, "wb") as file: file.write(data)
        options = zip(("-inkey", "-in", "-sigfile"), paths)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", *sum(options, ())]
        return subprocess.run(command, capture_output=True).returncode == 0

def checkpoint(note):  # C2SP tlog-checkpoint with one signature
    origin, size, root, empty, signature, end = note.decode().split("\n")
    must(origin == log and empty == end == "" and str(int(size)) == size and 0 <= int(size) < 2**53, "malformed")
    must(len(unbase64(root)) == 32, "malformed root")
    try: raw = unbase64(signature.removeprefix(f"— {log} ")) if signature.startswith(f"— {log} ") else b""
    except ValueError: raw = b""
    text = f"{origin}\n{size}\n{root}\n".encode()
    return int(size), unbase64(root), raw[:4] == key_id and signed(ED25519 + log_key[1:], text, raw[4:])

def canonical(text, indent=None, end=""):  # one way to write it, so that all who read it read the same
    value, colon = json.loads(text), ": " if indent else ":"
    written = json.dumps(value, ensure_ascii=False, indent=indent, separators=(",", colon)) + end
    must(type(value) is dict and written == text, "not canonical")
    return value

def jcs(value, depth=0):  # RFC 8785; all numbers were read as floats
    must(depth < 32 or type(value) not in (list, dict), "nested too deep")
    if type(value) is float: return number(value)
    if type(value) is list: return f"[{','.join(jcs(one, depth + 1) for one in value)}]"
    if type(value) is not dict: return json.dumps(value, ensure_ascii=False)
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return f"{{{','.join(f'{json.dumps(name, ensure_ascii=False)}:{jcs(value[name], depth + 1)}' for name in names)}}}"

def number(value):  # as JavaScript writes it
    must(value - value == 0, "no number")
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    digits, point, sign = "".join(map(str, digits)), len(digits) + exponent, "-" * (value < 0)
    if value == 0: return "0"
    if not -6 < point <= 21: return f"{sign}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{point - 1:+d}"
    if point <= 0: return f"{sign}0.{'0' * -point}{digits}"
    return sign + digits.ljust(point, "0")[:point] + "." * (len(digits) > point) + digits[point:]

def said(line):  # a content line: the text, and what applications have added
    value = json.loads(line, parse_int=float)
    must(list(value) == [name for name in ("text", "metadata", "annotations") if name in value or name == "text"]
         and all(type(part) is (str if name == "text" else dict) and part != {} for name, part in value.items()),
         "malformed content")
    must("{" + ",".join(f'"{name}":{jcs(part)}' for name, part in value.items()) + "}" == line, "not canonical")
    return json.loads(line)  # with integers as they stand there

def sane(leaf, to, re, asked):  # what each kind has, beyond what all have
    if leaf["kind"] == "question": return leaf.get("priority", "low") in ("low", "high") and once(asked)
    if "priority" in leaf or "due" in leaf or asked: return False
    if leaf["kind"] == "membership": return len(to) == 1
    if leaf["kind"] == "reveal": return len(to) > 0 and once(to) and re < leaf["seq"]
    return leaf["kind"] != "delivery" or 0 < len(to) <= 256 and once(to) and re < leaf["seq"]

def once(people): return len(set(people)) == len(people)

def root_of(peaks):  # RFC 6962: the complete subtrees, joined from the right
    root = peaks[-1] if peaks else sha256()
    for left in reversed(peaks[:-1]): root = sha256(b"\1", left, root)
    return root

parser = argparse.ArgumentParser(description="Checks an export of a Red Room topic.")
parser.add_argument("folder")
parser.add_argument("--address", help="the server's address, from somebody you trust")
parser.add_argument("--checkpoint", metavar="EARLIER", help="an earlier checkpoint of the topic")
parser.add_argument("--print", action="store_true", help="print what was checked, entry by entry")
args = parser.parse_args()
try:
    if b"-rawin" not in subprocess.run(["openssl", "pkeyutl", "-help"], capture_output=True).stderr:
        raise OSError("openssl 3.0 or newer is needed")
    step = "keys"
    keys = canonical(read(args.folder, "keys.json").decode(), 2, "\n")
    server_key, certificate = unbase64(keys["serverKey"]), unbase64(keys["logKeyCertificate"])
    log, short, encoded = keys["logKey"].split("+", 2)
    log_key = unbase64(encoded)
    key_id = sha256(f"{log}\n".encode(), log_key)[:4]
    must(list(keys) == ["v", "address", "serverKey", "logKey", "logKeyCertificate"], "malformed")
    must(type(keys["v"]) is int and keys["v"] == 1 and type(keys["address"]) is str, "malformed")
    must(re.fullmatch(f"redroom/{ID}", log) and len(log_key) == 33 and log_key[0] == 1 and key_id.hex() == short,
         "malformed log key")
    step, pin = "pin", base64url(sha256(server_key))
    must(args.address is None or args.address.partition("#sha256-")[2] == pin, "the address has the pin of another key")
    step = "logKey"
    statement = f"redroom log key v1\n{base64.b64encode(log_key[1:]).decode()}\n".encode()
    must(signed(server_key, statement, certificate), "the server's key did not certify the log key")
    step = "checkpoint"
    size, root, valid = checkpoint(read(args.folder, "checkpoint"))
    must(valid, "the log key did not sign it")
    step = "directory"
    directory = canonical(read(args.folder, "directory.json").decode(), 2, "\n")
    texts = [directory["title"], *directory["people"].values()]
    must(list(directory) == ["title", "people"] and all(type(text) is str for text in texts), "malformed")
    must(all(re.fullmatch(ID, one) for one in directory["people"]), "malformed pseudonym")
    step, earlier = "earlier", None
    if args.checkpoint: earlier = checkpoint(read(args.checkpoint))
    peaks, seq, hidden, erasures, people = [], 0, set(), set(), set()
    grown = earlier is None or earlier[:2] == (0, root_of(peaks))
    paths = [os.path.join(args.folder, name) for name in ("entries.jsonl", "receipts.jsonl")]
    with open(paths[0], "rb") as lines, open(paths[1], "rb") as receipts:
        for seq, line in enumerate(lines, 1):
            step = f"entry {seq}"
            row = canonical(line.decode().removesuffix("\n"))
            must(list(row) in (["leaf"], ["leaf", "content", "salt"]), "malformed")
            leaf, salt, content = canonical(row["leaf"]), unbase64(row.get("salt", "")), {"text": None}
            must(list(leaf) == [name for name in LEAF if name in leaf or name not in SOME] and leaf["v"] == 1
                 and all(type(leaf[name]) is LEAF[name] for name in leaf) and leaf["kind"] in KINDS
                 and all(0 < number < 2**53 for number in leaf.values() if type(number) is int)
                 and all(type(one) is str for one in leaf.get("to", []) + leaf.get("asked", [])), "malformed leaf")
            must(sane(leaf, leaf.get("to", []), leaf.get("re", seq), leaf.get("asked", [])), "malformed leaf")
            must(leaf["seq"] == seq and f"redroom/{leaf['topic']}" == log, "not this place in this log")
            if leaf["kind"] == "erasure": erasures.add(leaf.get("re"))
            people.update([leaf["by"], *leaf.get("to", []), *leaf.get("asked", [])])
            node, rest = sha256(b"\0", row["leaf"].encode()), seq - 1
            while rest % 2: node, rest = sha256(b"\1", peaks.pop(), node), rest // 2
            peaks.append(node)
            if earlier and earlier[0] == seq: grown = root_of(peaks) == earlier[1]
            must(type(row.get("content", "")) is str, "malformed")
            if "content" in row:
                step = f"commitment {seq}"
                must(base64url(sha256(salt, row["content"].encode())) == leaf["commitment"], "another text")
                must(len(salt) == 32, "malformed salt")
                content = said(row["content"])
            else: hidden.add(seq)
            text = content.pop("text")
            if leaf["kind"] == "delivery" and text is not None:
                step = f"delivery {seq}"
                must(text == str(int(text)) and 1 <= int(text) <= leaf["re"], "it does not say what was received")
                step, line = f"receipts {seq}", {"seq": seq, "at": leaf["at"], "first": int(text), "last": leaf["re"],
                                                 "to": leaf["to"]}
                line = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
                must(next(receipts, b"").removesuffix(b"\n") == line.encode(), "not what the entry says")
            if args.print:
                when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(leaf["at"] // 1000))
                who = directory["people"].get(leaf["by"])
                print(f"#{seq}", when, json.dumps(who), leaf["kind"], leaf.get("re", "-"), json.dumps(text),
                      *[f"{name}: {json.dumps(part)}" for name, part in content.items()])
        more = next(receipts, None)
    step = "size"
    must(seq == size, f"{seq} entries, the checkpoint covers {size}")
    step = "root"
    must(root_of(peaks) == root, "the checkpoint was signed over other entries")
    step = "earlier"
    must(grown, "the earlier checkpoint is not of a beginning of this log")
    step = "directory"
    must(people == set(directory["people"]), "it does not name exactly those who occur")
    step = "receipts"
    must(more is None, "there are more than deliveries")
except OSError as error: sys.exit(print(f"unable to check: {error}", file=sys.stderr) or 2)
except Exception as error: sys.exit(f"FAULT {step}: {error}")
erased = len(hidden & erasures)
print(f"OK: {log}: {seq} entries; {seq - len(hidden)} with text, {erased} erased, {len(hidden) - erased} withheld")
if earlier: print(f"It continues the earlier checkpoint of {earlier[0]} entries,", "signed by",
                  "the same log key." if earlier[2] else "another key.")
print(f"The server's pin is sha256-{pin}:", "that of the address." if args.address else "compare it with your address.")
`;
