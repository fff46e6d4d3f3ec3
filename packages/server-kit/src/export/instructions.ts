/** `VERIFY.md` of every export. */
export const VERIFY_INSTRUCTIONS = `# Checking this export

You need the server's **address** (redroom://…#sha256-…) from somebody you trust: a participant, a letter, an earlier
connection. Not from this folder: whoever forged it would have written another address into it.

    redroom verify FOLDER --address ADDRESS

or, without any program of ours, with Python 3.9 and openssl 3.0 or newer:

    python3 verify.py FOLDER --address ADDRESS

verify.py is in this folder for convenience. If you do not trust the folder, take it from the documentation of Red Room,
docs/evidence.md, where it is printed and explained. An earlier checkpoint of the same topic, from another export or from
a participant, proves that nothing was changed since: add \`--checkpoint FILE\`. \`--print\` (verify.py) prints what was
checked; index.html is for reading and is not checked.

| file | holds |
|---|---|
| entries.jsonl | one line per entry: the leaf (facts, hashed into the log); text and salt where this perspective sees them |
| checkpoint | the log's size and root, signed by the log key |
| keys.json | the log key, the server's key, and the server's signature over the log key |
| receipts.jsonl | one line per delivery: who has confirmed to have received which entries, taken from the entries |
| directory.json | names behind the pseudonyms, and the topic's title: the operator's word, not proved by the log |
| index.html | the record for reading and printing |

A delivery says that a participant's program has confirmed these entries, as the server has logged it; not that anybody has
read them.

# Diesen Export prüfen

Sie brauchen die **Adresse** des Servers (redroom://…#sha256-…) von jemandem, dem Sie vertrauen: von einem Teilnehmer, aus
einem Brief, von einer früheren Verbindung. Nicht aus diesem Ordner: Wer ihn gefälscht hätte, hätte auch eine andere Adresse
hineingeschrieben.

    redroom verify ORDNER --address ADRESSE

oder ohne ein Programm von uns, mit Python ab 3.9 und openssl ab 3.0:

    python3 verify.py ORDNER --address ADRESSE

verify.py liegt zur Bequemlichkeit bei. Wenn Sie dem Ordner nicht trauen, nehmen Sie es aus der Dokumentation von Red Room,
docs/evidence.md; dort ist es abgedruckt und erklärt. Ein früherer Prüfpunkt desselben Themas, aus einem anderen Export oder
von einem Teilnehmer, beweist, dass seither nichts geändert wurde: \`--checkpoint DATEI\` anfügen. \`--print\` (verify.py) gibt
aus, was geprüft wurde; index.html ist zum Lesen da und wird nicht geprüft.

| Datei | Inhalt |
|---|---|
| entries.jsonl | je Eintrag eine Zeile: das Blatt (Tatsachen, deren Hash im Log steht); Text und Salz, soweit diese Sicht sie zeigt |
| checkpoint | Größe und Wurzel des Logs, vom Log-Schlüssel signiert |
| keys.json | der Log-Schlüssel, der Schlüssel des Servers und dessen Signatur über den Log-Schlüssel |
| receipts.jsonl | je Zustellung eine Zeile: wer den Empfang welcher Einträge bestätigt hat, den Einträgen entnommen |
| directory.json | die Namen hinter den Pseudonymen und der Titel: Angaben des Betreibers, vom Log nicht bewiesen |
| index.html | die Niederschrift zum Lesen und Drucken |

Eine Zustellung besagt, dass das Programm eines Teilnehmers diese Einträge bestätigt hat, so wie der Server es festgehalten
hat; nicht, dass jemand sie gelesen hat.
`;
