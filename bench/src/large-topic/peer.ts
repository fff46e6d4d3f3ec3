import { playRole } from "../harness/role.ts";
import { type Asked, type Operation, timed } from "./operations.ts";
import { PlainTable } from "./plain-table.ts";

let [file, table]: [string, PlainTable | undefined] = ["", undefined];

/** The table, open from the first question on. */
const opened = (): PlainTable => {
  table ??= new PlainTable(file);
  return table;
};

const operations: Readonly<Record<Operation, (asked: Asked) => number>> = {
  /** A program that starts: it opens the file, and knows where the log ends. */
  open() {
    const own = new PlainTable(file);
    const last = own.last();
    own.close();
    return last > 0 ? 1 : 0;
  },
  page: ({ from }) => opened().page(from),
  search: ({ word }) => opened().search(word),
  questions: () => opened().openQuestions(),
};

const calls = {
  use(path: string): void {
    file = path;
  },
  measure: ({ operation, ...asked }: Asked & { readonly operation: Operation }) =>
    timed(async () => operations[operation](asked)),
};

export type Peer = typeof calls;

playRole(calls);
