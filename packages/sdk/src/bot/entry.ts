import type { SealedMessage, TopicMessage } from "../client/message.ts";
import type { DeliveryReceipt } from "../client/message-loop.ts";
import { placeOf } from "../client/receipt-owed.ts";

/** What of an entry its handlers see. */
type Content =
  | { readonly event: TopicMessage["kind"]; readonly message: TopicMessage }
  | { readonly event: "sealed"; readonly sealed: SealedMessage }
  | { readonly event: "receipt"; readonly receipt: DeliveryReceipt };

/** Something of the record that a bot has to handle. */
export interface Entry {
  /** Where it came in the log. */
  readonly place: number;
  readonly seq: number;
  /** By the server's clock, as milliseconds since the Unix epoch. */
  readonly at: number;
  /** The same entry has the same name whenever it is read; an answer has another one while it is sealed. */
  readonly name: string;
  readonly content: Content;
}

const entryOf = (
  place: number,
  { seq, at }: { readonly seq: number; readonly at: Date },
  form: string,
  content: Content,
): Entry => ({
  place,
  seq,
  at: at.getTime(),
  name: `${form} ${seq}`,
  content,
});

export const messageEntry = (message: TopicMessage): Entry =>
  entryOf(placeOf(message), message, "message", { event: message.kind, message });

export const sealedEntry = (sealed: SealedMessage): Entry =>
  entryOf(sealed.seq, sealed, "sealed", { event: "sealed", sealed });

export const receiptEntry = (receipt: DeliveryReceipt): Entry =>
  entryOf(receipt.seq, receipt, "receipt", { event: "receipt", receipt });
