/** When the bytes of a text were written, and when the sync that followed had ended. In seconds since the Unix epoch. */
export interface Durable {
  readonly written: number;
  readonly synced: number;
}

interface Call {
  readonly name: string;
  readonly file: string;
  readonly data: string;
  readonly begun: number;
  readonly ended: number;
  readonly failed: boolean;
}

/**
 * Reads what `strace -f -y -ttt -T` has recorded.
 *
 * @param texts To look for in what was written to files whose name contains `file`.
 * @param delayS What `inject=…:delay_enter` adds to each sync, which `-T` may leave out.
 * @returns For each text, its first write and the first sync of that file that began after it and succeeded.
 */
export function findDurable(trace: string, file: string, texts: RegExp, delayS: number): Map<string, Durable> {
  const written = new Map<string, { readonly at: number; readonly file: string }>();
  const durable = new Map<string, Durable>();
  for (const call of readCalls(trace)) {
    if (call.failed || !call.file.includes(file)) continue;
    if (/sync/.test(call.name)) {
      for (const [text, write] of written) {
        if (write.file !== call.file || write.at > call.begun) continue;
        durable.set(text, { written: write.at, synced: Math.max(call.ended, call.begun + delayS) });
        written.delete(text);
      }
    } else {
      for (const [text] of call.data.matchAll(texts)) {
        if (!durable.has(text) && !written.has(text)) written.set(text, { at: call.ended, file: call.file });
      }
    }
  }
  return durable;
}

/** In the order in which they ended. A call that another thread has interrupted takes two lines. */
function* readCalls(trace: string): Generator<Call> {
  const unfinished = new Map<string, { readonly begun: number; readonly rest: string }>();
  for (const line of trace.split("\n")) {
    const [, pid = "", time = "", said = ""] = /^(\d+) +([\d.]+) (.*)$/.exec(line) ?? [];
    if (pid === "") continue;
    if (said.endsWith("<unfinished ...>")) {
      unfinished.set(pid, { begun: Number(time), rest: said.slice(0, -"<unfinished ...>".length) });
      continue;
    }
    const earlier = unfinished.get(pid);
    unfinished.delete(pid);
    const whole = said.startsWith("<... ") ? `${earlier?.rest ?? ""}${said.slice(said.indexOf(">") + 1)}` : said;
    const [, name, file, data, result, took] = /^(\w+)\(\d+<([^>]*)>(.*)\) += (-?\d+).*<([\d.]+)>$/.exec(whole) ?? [];
    if (name === undefined || file === undefined) continue;
    const begun = said.startsWith("<... ") ? (earlier?.begun ?? Number(time)) : Number(time);
    yield { name, file, data: data ?? "", begun, ended: begun + Number(took), failed: Number(result) < 0 };
  }
}
