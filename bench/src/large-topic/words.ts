import type { SeededRandom } from "@redroom/sdk/testing";

/** What stands in three entries of a topic, and begins no other word. */
export const RARE_WORD = "Patronatserklärung";
/** What stands in a fifth of them, and begins no other word. */
export const COMMON_WORD = "Kaufvertrag";

/** Begins a noun and its thirty compounds: what somebody types who does not know the word. */
export const FREQUENT_BEGINNING = "gesell";

const words = (line: string): string[] => line.split(" ");

/** The words that a text of either language is mostly made of, the most frequent first. */
const SMALL_WORDS = words(
  "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie " +
    "nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man " +
    "the of to and a in is that for it as was with be by on not this are or from at which but have an had they you were " +
    "there been their if would who we shall may any such other no under between upon per",
);

/** Nouns of a deal, first as words of their own, then as the beginnings of compounds. */
const NOUNS = words(
  "Gesellschaft Beteiligung Rückstellung Verbindlichkeit Forderung Bilanz Prüfung Steuer Garantie Haftung Zusage Vergütung " +
    "Lizenz Patent Miete Grundstück Versicherung Schaden Gewährleistung Kündigung Frist Stichtag Abschluss Umsatz Ergebnis " +
    "Darlehen Zins Sicherheit Bürgschaft Pfand Kunde Lieferant Vertrieb Einkauf Lager Produkt Werk Anlage Umwelt Altlast " +
    "Arbeit Betrieb Pension Tarif Urlaub Überstunde Behörde Genehmigung Auflage Bußgeld Verfahren Klage Urteil Vergleich " +
    "Geschäftsführer Aufsichtsrat Gesellschafter Käufer Verkäufer Berater Gutachter Notar Anwalt Wirtschaftsprüfer Daten " +
    "Schutz System Software Schnittstelle Wartung Ausfall Sicherung Zugriff Protokoll Liste Unterlage Kopie Anhang Entwurf",
);
const TAILS = words(
  "prüfung frist liste höhe anteil betrag risiko klausel stand wert plan bericht quote rate summe grund zeitraum nachweis " +
    "verzeichnis konto vereinbarung regelung pflicht recht anspruch fall bestand verlauf anpassung auflösung übersicht entscheidung",
);
const ENGLISH = words(
  "agreement purchase price closing signing warranty indemnity liability disclosure schedule exhibit covenant breach claim " +
    "threshold basket cap escrow adjustment working capital debt cash enterprise value earn-out condition precedent approval " +
    "merger control authority consent licence employee pension tax audit account receivable payable inventory contract customer " +
    "supplier lease insurance litigation environmental permit data protection software source code owner share transfer board " +
    "resolution power attorney counsel question answer document room index request deadline confirm provide clarify review",
);
const VERBS = words(
  "bestätigen erläutern vorlegen prüfen nennen beziffern ergänzen bitten erwarten ausschließen übernehmen kündigen gewähren " +
    "besteht liegt folgt ergibt beträgt enthält umfasst betrifft entfällt gilt bleibt fehlt",
);

/** Some 3,000 words, the most frequent first. */
const VOCABULARY = [
  ...SMALL_WORDS,
  ...VERBS,
  ...NOUNS,
  ...ENGLISH,
  ...TAILS.flatMap((tail) =>
    NOUNS.map((noun) => `${noun}${/(ung|heit|keit|ion|schaft)$/.test(noun) ? "s" : ""}${tail}`),
  ),
];

/** A few words make up most of a text, in every language (Zipf): that of rank r comes in 1 / (r + 3) of all cases. */
const CUMULATED = new Float64Array(VOCABULARY.length);
for (const rank of VOCABULARY.keys()) CUMULATED[rank] = (CUMULATED[rank - 1] ?? 0) + 1 / (rank + 3);
const TOTAL = CUMULATED.at(-1) ?? 0;

/** In so many cases of one, a number stands in the place of a word: of those there is no end. */
const NUMBERS = 0.02;
const SENTENCE_WORDS = 14;

/** A text of so many words, like those that people write about the sale of a company. */
export function makeText(random: SeededRandom, count: number, ...also: readonly string[]): string {
  const parts: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const word = random.chance(NUMBERS) ? someNumber(random) : drawWord(random);
    parts.push((index + 1) % SENTENCE_WORDS === 0 ? `${word}.` : word);
  }
  for (const word of also) parts.splice(random.between(0, parts.length), 0, word);
  return parts.join(" ");
}

function drawWord(random: SeededRandom): string {
  const wanted = random.next() * TOTAL;
  let [low, high] = [0, VOCABULARY.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((CUMULATED[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return VOCABULARY[low] ?? "";
}

const someNumber = (random: SeededRandom): string =>
  random.chance(0.5) ? `${random.between(1, 999)}.${random.between(100, 999)}` : String(random.between(1, 9_999));
