import { createHash } from "node:crypto";
import type { EntryKind } from "@redroom/sdk";
import {
  type Delivery,
  type JsonObject,
  type LeafFields,
  MESSAGE_KINDS,
  type VerifiedEntry,
} from "@redroom/sdk/evidence";
import { isRole, type Role, rolesOf } from "@redroom/sdk/rules";
import { PAGE_STYLE } from "./page-style.ts";
import type { Receipts } from "./receipts.ts";

/** What is known once all entries have been read. */
export interface Seen {
  /** How many have their text. */
  readonly visible: number;
  /** The pseudonyms that occur. */
  readonly people: ReadonlySet<string>;
  /** Which entry says that an entry was erased. */
  readonly erasures: ReadonlyMap<number, number>;
  readonly receipts: Receipts;
}

export interface PageHead extends Seen {
  readonly topic: { readonly id: string; readonly title: string };
  readonly as: string | undefined;
  readonly address: string;
  readonly checkpoint: { readonly size: number; readonly note: string };
}

const KINDS: Readonly<Record<EntryKind, readonly [en: string, de: string]>> = {
  question: ["Question", "Frage"],
  answer: ["Answer", "Antwort"],
  note: ["Note", "Notiz"],
  correction: ["Correction", "Berichtigung"],
  withdrawal: ["Withdrawal", "Rücknahme"],
  closing: ["Closing", "Schließung"],
  reveal: ["Reveal", "Öffnung"],
  membership: ["Membership", "Mitgliedschaft"],
  delivery: ["Delivery", "Zustellung"],
  erasure: ["Erasure", "Löschung"],
  export: ["Export", "Export"],
};

const PRIORITY: Readonly<Record<"low" | "high", readonly [en: string, de: string]>> = {
  low: ["low priority", "niedrige Priorität"],
  high: ["high priority", "hohe Priorität"],
};

/** What the roles of a deal room are called; others keep the name that an application gave them. */
const ROLE_NAMES: Readonly<Record<Role, readonly [en: string, de: string]>> = {
  interviewer: ["interviewer", "Fragesteller"],
  interviewee: ["interviewee", "Befragte"],
  archivist: ["archivist", "Archiv"],
  legal: ["legal representative", "Rechtsvertretung"],
  superuser: ["superuser", "Leitung"],
};

const styleHash = createHash("sha256").update(PAGE_STYLE).digest("base64");

/** The page up to its first entry: no script, nothing loaded from anywhere, all text of people escaped. */
export function pageHead({ topic, as, address, checkpoint, visible, people, erasures }: PageHead): string {
  const { size, note } = checkpoint;
  const withoutText = size - visible;
  const rows = [
    [both("Log", "Log"), `<code>redroom/${escapeHtml(topic.id)}</code>`],
    [both("As seen by", "Aus Sicht von"), as === undefined ? both("the operator", "Betreiber") : person(as)],
    [both("Entries", "Einträge"), `<span id="size">${size}</span>`],
    [both("with text", "mit Text"), `${visible}`],
    [both("without text", "ohne Text"), `${withoutText}${erasures.size > 0 ? ` (${erased(erasures.size)})` : ""}`],
    [both("People", "Beteiligte"), `${people.size}`],
    [both("Server", "Server"), `<code>${escapeHtml(address)}</code>`],
    [both("Signed checkpoint", "Signierter Prüfpunkt"), `<pre>${escapeHtml(note)}</pre>`],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(topic.title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<input type="radio" name="language" id="en" checked><label for="en" lang="en">English</label>
<input type="radio" name="language" id="de"><label for="de" lang="de">Deutsch</label>
<header>
<h1 dir="auto">${escapeHtml(topic.title)}</h1>
<dl>
${rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("\n")}
</dl>
<section>
<p>${both(
    "This page is for reading. It was made from the files beside it, and nothing protects it by itself. Whether the record is complete and unaltered is told by checking those files:",
    "Diese Seite ist zum Lesen da. Sie wurde aus den Dateien neben ihr erzeugt; für sich allein schützt sie nichts. Ob die Niederschrift vollständig und unverändert ist, zeigt die Prüfung dieser Dateien:",
  )}</p>
<pre>redroom verify . --address redroom://…
python3 verify.py . --address redroom://…</pre>
<p>${both(
    "Take the address from somebody you trust, not from here. Names and the title are the operator's word; the log proves pseudonyms. Times are the server's clock, in UTC. VERIFY.md says more.",
    "Die Adresse muss von jemandem kommen, dem Sie vertrauen, nicht von hier. Namen und Titel sind Angaben des Betreibers; das Log beweist Pseudonyme. Zeiten sind die der Uhr des Servers, in UTC. Mehr steht in VERIFY.md.",
  )}</p>
</section>
</header>
<main>
`;
}

/** @param people From pseudonym to name. */
export function pageEntry(
  { leaf, text, delivery, metadata, annotations }: VerifiedEntry,
  people: ReadonlyMap<string, string>,
  { erasures, receipts }: Pick<Seen, "erasures" | "receipts">,
): string {
  const { seq, at, by, kind, re } = leaf;
  const nameOf = (pseudonym: string): string => person(people.get(pseudonym) || pseudonym);
  const facts = factsOf(leaf, nameOf);
  const reference = re === undefined ? "" : ` <a href="#n${re}">→ #${re}</a>`;
  const got = (MESSAGE_KINDS as readonly string[]).includes(kind)
    ? receipts.of(seq).filter((receipt) => receipt.by !== by)
    : [];
  const received = got.map((one) => `<a href="#n${one.seq}">${nameOf(one.by)} ${timeOf(one.at)}</a>`).join(", ");
  return `<article id="n${seq}" class="${kind}">
<h2><a href="#n${seq}">#${seq}</a> ${timeOf(at)} ${nameOf(by)} <em>${both(...KINDS[kind])}</em>${reference}</h2>
${facts && `<p class="facts">${facts}</p>\n`}${body(leaf, text, delivery, nameOf, erasures.get(seq))}${added(["Metadata", "Metadaten"], metadata)}${added(["Annotations", "Anmerkungen"], annotations)}
${received && `<p class="received">${both("Received by", "Empfangen von")}: ${received}</p>\n`}</article>
`;
}

/** Of a message: for whom it is, how soon it wants an answer, and from whom. */
function factsOf({ kind, to, priority, due, asked }: LeafFields, nameOf: (pseudonym: string) => string): string {
  if (!(MESSAGE_KINDS as readonly string[]).includes(kind)) return "";
  const names = (pseudonyms: readonly string[]): string => pseudonyms.map(nameOf).join(", ");
  const facts = [
    to && `${both("to", "an")} ${names(to)}`,
    priority && both(...PRIORITY[priority]),
    due !== undefined && `${both("wanted until", "erbeten bis")} ${timeOf(due)}`,
    asked && asked.length > 0 && `${both("to be answered by", "zu beantworten von")} ${names(asked)}`,
  ];
  return facts.filter(Boolean).join(" · ");
}

function body(
  { kind, to = [] }: LeafFields,
  text: string | undefined,
  delivery: Delivery | undefined,
  nameOf: (pseudonym: string) => string,
  erasedBy: number | undefined,
): string {
  if (text === undefined) return `<p class="none">${absent(erasedBy)}</p>`;
  if (kind === "membership") return `<p>${to.map(nameOf).join(", ")}: ${rolesShown(rolesOf(text))}</p>`;
  if (delivery === undefined) return `<p dir="auto">${escapeHtml(text)}</p>`;
  const { first, last } = delivery;
  return `<p>#${first}–#${last} → ${to.map(nameOf).join(", ")}</p>`;
}

/** What applications have added, as it is on record, a line a member: no name can begin another one. */
function added(name: readonly [en: string, de: string], object: JsonObject | undefined): string {
  if (object === undefined) return "";
  const members = Object.entries(object).map(
    ([key, value]) => `${JSON.stringify(key).slice(1, -1)}: ${JSON.stringify(value)}`,
  );
  return `\n<div class="added">${both(...name)}<pre dir="auto">${escapeHtml(members.join("\n"))}</pre></div>`;
}

function rolesShown(roles: readonly string[]): string {
  if (roles.length === 0) return both("no member any more", "kein Mitglied mehr");
  return roles.map((role) => (isRole(role) ? both(...ROLE_NAMES[role]) : person(role))).join(", ");
}

function timeOf(at: number): string {
  const time = new Date(at).toISOString();
  return `<time datetime="${time}">${time.replace("T", " ").replace("Z", " UTC")}</time>`;
}

export const PAGE_FOOT = `</main>
</body>
</html>
`;

const both = (en: string, de: string): string => `<span lang="en">${en}</span><span lang="de">${de}</span>`;

/** Kept from rearranging what stands beside it. */
const person = (name: string): string => `<bdi>${escapeHtml(name)}</bdi>`;

const erased = (count: number): string => both(`erased: ${count}`, `gelöscht: ${count}`);

function absent(erasedBy: number | undefined): string {
  if (erasedBy === undefined) return both("[withheld from this perspective]", "[für diese Sicht zurückgehalten]");
  const link = `<a href="#n${erasedBy}">#${erasedBy}</a>`;
  return both(`[erased, see ${link}]`, `[gelöscht, siehe ${link}]`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Besides HTML: line ends are one, and what acts without being seen (controls, reordering) is shown as its number. */
function escapeHtml(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "")
    .replace(ACTING, (character) => `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be shown
const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
