const MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * When a question wants its answer at the latest, as people type it: `30m`, `2h` or `3d` from now; `18:00`, the next time it is;
 * `2026-02-01`, to the end of that day; `2026-02-01T18:00`. Times are local.
 *
 * @returns `undefined` for everything else.
 */
export function readDeadline(typed: string, now: Date): Date | undefined {
  const [, amount, unit] = /^([0-9]{1,4})([mhd])$/.exec(typed) ?? [];
  if (amount !== undefined) return new Date(now.getTime() + Number(amount) * MS[unit as keyof typeof MS]);
  const [, hours, minutes] = /^([0-9]{1,2}):([0-9]{2})$/.exec(typed) ?? [];
  if (hours !== undefined) return nextTime(Number(hours), Number(minutes), now);
  const [, date, time = "23:59:59"] = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}))?$/.exec(typed) ?? [];
  return date === undefined ? undefined : dateOf(date, time);
}

function nextTime(hours: number, minutes: number, now: Date): Date | undefined {
  if (hours > 23 || minutes > 59) return undefined;
  const today = new Date(now);
  today.setHours(hours, minutes, 0, 0);
  if (today <= now) today.setDate(today.getDate() + 1);
  return today;
}

/** A date without a time is one in UTC for JavaScript, and 31 February is one in March. */
function dateOf(date: string, time: string): Date | undefined {
  const found = new Date(`${date}T${time}`);
  return Number.isNaN(found.getTime()) || found.getDate() !== Number(date.slice(8)) ? undefined : found;
}
