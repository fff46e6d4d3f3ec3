import { type Hash, isHash } from "./merkle.ts";
import { type NoteSigner, type NoteVerifier, openNote, signNote } from "./note.ts";

/** The head of a log: how many entries it has and the root over them. */
export interface Checkpoint {
  /** The log's identity, see `originOf`. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/** A topic's log: named by the topic's random id, never by its title. Also the name of the key that signs it. */
export function originOf(topicId: string): string {
  return `redroom/${topicId}`;
}

/** A checkpoint in the form of C2SP tlog-checkpoint, signed. */
export function signCheckpoint({ origin, size, root }: Checkpoint, key: Omit<NoteSigner, "name">): string {
  return signNote(`${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`, { ...key, name: origin });
}

/** @returns `undefined` unless the note is this log's, signed with this key. Extension lines are not accepted. */
export function openCheckpoint(
  note: string,
  log: { readonly origin: string; readonly publicKey: NoteVerifier["publicKey"] },
): Checkpoint | undefined {
  const text = openNote(note, { name: log.origin, publicKey: log.publicKey });
  const checkpoint = text === undefined ? undefined : readCheckpoint(text);
  return checkpoint?.origin === log.origin ? checkpoint : undefined;
}

/** Reads the text of a note, or a whole one whose signature was checked before. */
export function readCheckpoint(note: string): Checkpoint | undefined {
  const [, origin = "", shownSize, shownRoot = ""] = /^([^\n]+)\n(0|[1-9][0-9]*)\n([^\n]+)\n(?:$|\n)/.exec(note) ?? [];
  const size = Number(shownSize);
  const root = new Uint8Array(Buffer.from(shownRoot, "base64"));
  const exact = Buffer.from(root).toString("base64") === shownRoot;
  if (origin === "" || !Number.isSafeInteger(size) || !isHash(root) || !exact) return undefined;
  return { origin, size, root };
}
