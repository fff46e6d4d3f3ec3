import { RedRoomError } from "@redroom/sdk";
import { type LeafFields, parseContent, parseLeaf } from "@redroom/sdk/evidence";
import { emptyState, foldEntry, isReader, roomPolicy, type TopicState, visibilityOf } from "@redroom/sdk/rules";
import type { Person, TopicStore, TopicSummary } from "@redroom/sdk/store";

/** The user through whose eyes a record is exported. */
export interface Viewer extends Person {
  readonly admin: boolean;
}

/** Whether an entry is seen with its text. */
export type Sees = (leaf: LeafFields) => boolean;

const PAGE_ENTRIES = 500;

/**
 * What somebody sees of the first `size` entries of a topic, by the roles and the sealed answers at that point; the operator
 * sees everything. It follows from the entries alone, as all that an export says.
 *
 * @throws {RedRoomError} `NOT_ALLOWED` for administrators, and for all others who may not read the topic.
 */
export async function perspectiveOf(
  viewer: Viewer | undefined,
  { store, topic, size }: { readonly store: Pick<TopicStore, "read" | "people">; topic: TopicSummary; size: number },
): Promise<Sees> {
  if (viewer === undefined) return () => true;
  const people = await store.people(topic.id);
  // Only looked up: whoever is not in the topic yet gets no pseudonym by an export.
  const pseudonym = [...people].find(([, { id }]) => id === viewer.id)?.[0] ?? "";
  const state = await stateAt(size, store, topic);
  const roles = state.members.get(pseudonym);
  const capabilities = new Set(roomPolicy({ admin: viewer.admin, member: roles !== undefined, roles: roles ?? [] }));
  if (!isReader(capabilities)) throw mayNotRead(viewer, topic);
  return (leaf) => visibilityOf(leaf, { pseudonym, capabilities }, state) === "full";
}

async function stateAt(
  size: number,
  store: Pick<TopicStore, "read">,
  { id, regulated }: TopicSummary,
): Promise<TopicState> {
  let state = emptyState(regulated);
  for (let from = 1; from <= size; ) {
    const page = await store.read(id, { from, limit: Math.min(PAGE_ENTRIES, size - from + 1) });
    if (page.length === 0) break; // writing the entries finds what is missing, and says so
    for (const { leaf: line, content } of page) {
      const leaf = parseLeaf(line);
      if (leaf !== undefined) state = foldEntry(state, leaf, parseContent(content ?? "") ?? "");
    }
    from += page.length;
  }
  return state;
}

const mayNotRead = ({ name, admin }: Viewer, { title }: TopicSummary): RedRoomError =>
  new RedRoomError(
    "NOT_ALLOWED",
    `unable to export "${title}" as ${name} sees it; ${admin ? "administrators see no content" : "they may not read it"}`,
    { remedy: "leave out --as to export as the operator, or choose somebody who reads along" },
  );
