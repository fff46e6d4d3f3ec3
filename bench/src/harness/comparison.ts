import { median } from "./statistics.ts";

/** What one round of one contender measured, by the keys of the comparison's `metrics`. */
export type Figures = Readonly<Record<string, number>>;

interface Metric {
  readonly key: string;
  /** With its unit, as the head of a column. */
  readonly label: string;
  readonly digits: number;
  /** What is shown of the values of all rounds; the median by default. */
  readonly of?: (values: readonly number[]) => number;
}

/** One line of a comparison: the same work done by Red Room and by its peer, round by round. */
export interface Case {
  readonly label: string;
  readonly ours: readonly Figures[];
  readonly peers: readonly Figures[];
}

export interface Comparison {
  readonly name: string;
  readonly title: string;
  /** How it was measured: one sentence or two, with the numbers of this run. */
  readonly method: string;
  readonly contenders: { readonly ours: string; readonly peer: string };
  readonly metrics: readonly Metric[];
  readonly cases: readonly Case[];
}

/** How long and how often, for a run in full or a short one. */
export interface MeasureOptions {
  /** Where each process leaves a CPU profile. */
  readonly profileTo: string | undefined;
  /** A commit of this project that takes the peer's place, where the measurement can do that. */
  readonly against: string | undefined;
  /** The size of the large topic, in megabytes of text. */
  readonly megabytes: number;
  /** The folder where a large topic is kept for later runs. */
  readonly keep: string | undefined;
  readonly log: (line: string) => void;
}

export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
  /** How many a record has that is verified as a whole, however long that takes. */
  readonly entries: number;
}

/** One contender with its processes, ready for a case. */
export interface Contender {
  /** One round; throws when something was lost, double or out of order. */
  round(durationMs: number): Promise<Figures>;
}

/**
 * Runs both in turns, A B A B, so that a change of the machine's mood meets both; and once before, unmeasured, to warm up.
 */
export async function compare(label: string, ours: Contender, peer: Contender, effort: Effort): Promise<Case> {
  const figures: { ours: Figures[]; peers: Figures[] } = { ours: [], peers: [] };
  await ours.round(effort.roundMs / 2);
  await peer.round(effort.roundMs / 2);
  for (let round = 0; round < effort.rounds; round++) {
    figures.ours.push(await ours.round(effort.roundMs));
    figures.peers.push(await peer.round(effort.roundMs));
  }
  return { label, ...figures };
}

/** The table in Markdown, columns aligned so that a terminal shows it well: medians over the rounds (or what else a metric shows of them), and their ratios. */
export function formatTable({ contenders, metrics, cases }: Comparison): string {
  const rows = cases.flatMap(({ label, ours, peers }) => {
    const shown = (rounds: readonly Figures[], { key, of = median }: Metric): number =>
      of(rounds.map((round) => round[key] ?? 0));
    const line = (first: string, name: string, value: (metric: Metric) => string): string[] => [
      first,
      name,
      ...metrics.map(value),
    ];
    return [
      line(label, contenders.ours, (metric) => formatNumber(shown(ours, metric), metric.digits)),
      line("", contenders.peer, (metric) => formatNumber(shown(peers, metric), metric.digits)),
      line("", "ratio", (metric) => `× ${formatNumber(shown(ours, metric) / shown(peers, metric), 2)}`),
    ];
  });
  const head = ["", "", ...metrics.map(({ label }) => label)];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const pad = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i < 2 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [pad(head), rule, ...rows.map(pad)].join("\n");
}

const formatNumber = (value: number, digits: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
