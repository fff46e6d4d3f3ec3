import { simulate } from "@redroom/sdk/testing";
const from = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 1);
process.on("unhandledRejection", (e) => { console.log("UNHANDLED", e); });
let bad = 0, cpu = 0, ev = 0, msgs = 0; const t0 = performance.now(); const kinds = new Map();
for (let seed = from; seed < from + n; seed++) {
  const t = performance.now();
  const c0 = process.cpuUsage(); const r = await simulate({ seed, chaosMs: Number(process.argv[4] ?? 4000) }); const c = process.cpuUsage(c0); cpu += (c.user + c.system) / 1000; ev += r.history.events.length; msgs += [...r.history.record.values()].reduce((s, e) => s + e.length, 0);
  const ms = performance.now() - t;
  if (!r.ok) { bad++; for (const v of r.violations) { const k = v.invariant; kinds.set(k, [...(kinds.get(k)??[]), seed]); } }
  if (n === 1) { console.log(r.trace.join("\n")); console.log(r.violations, r.history.events.length, ms); }
  else if (!r.ok && bad <= 10) console.log(seed, r.violations.slice(0,3).map(v => v.what), ms.toFixed(0));
}
console.log("\n" + JSON.stringify({ bad, cpuMs: cpu / n, events: ev / n, entries: msgs / n, perSeedMs: (performance.now() - t0) / n })); for (const [k, s] of kinds) console.log(k, new Set(s).size, [...new Set(s)].slice(0, 12).join(" "));
