import { fromUtf8, utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { MAX_CURSOR_BYTES } from "../protocol/limits.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { CursorKey, CursorStore } from "../store/cursor-store.ts";
import type { TopicStore } from "../store/topic-store.ts";
import type { Answer } from "./answer.ts";

export interface CursorContext {
  readonly user: SessionUser;
  readonly store: TopicStore;
  /** `undefined` where the store keeps none. */
  readonly cursors: CursorStore | undefined;
}

/** From here on it is the asker's: whoever held it before saves in vain. */
export async function claimCursor(
  request: MessageOf<"claimCursor">,
  answer: Answer,
  context: CursorContext,
): Promise<void> {
  const { epoch, value } = await kept(context).claim(keyOf(request, context));
  const { seq } = await context.store.head(request.topic);
  answer.send({ type: "cursor", epoch, head: seq, body: utf8(value) });
}

export async function saveCursor(
  request: MessageOf<"saveCursor">,
  answer: Answer,
  context: CursorContext,
): Promise<void> {
  const { epoch, number, body } = request;
  await kept(context).save(keyOf(request, context), { epoch, number, value: readValue(body) });
  answer.send({ type: "cursorSaved" });
}

export async function dropCursor(
  request: MessageOf<"dropCursor">,
  answer: Answer,
  context: CursorContext,
): Promise<void> {
  await kept(context).drop(keyOf(request, context));
  answer.send({ type: "cursorDropped" });
}

/** By the id: a user who takes another name keeps all cursors. */
const keyOf = (
  { topic, name }: { readonly topic: string; readonly name: string },
  { user }: CursorContext,
): CursorKey => ({ topicId: topic, person: user.id, name });

function kept({ cursors }: CursorContext): CursorStore {
  if (cursors !== undefined) return cursors;
  throw new RedRoomError("NOT_ALLOWED", "unable to keep a cursor; this server has no place for any", {
    remedy: "let the server have a store that keeps cursors",
  });
}

function readValue(body: Uint8Array): string {
  if (body.byteLength > MAX_CURSOR_BYTES) {
    throw new RedRoomError(
      "TEXT_TOO_LARGE",
      `unable to save the cursor; ${body.byteLength} bytes, the limit is ${MAX_CURSOR_BYTES}`,
    );
  }
  try {
    return fromUtf8(body);
  } catch (cause) {
    throw new RedRoomError("TEXT_INVALID", "unable to save the cursor; it is not UTF-8", { cause });
  }
}
