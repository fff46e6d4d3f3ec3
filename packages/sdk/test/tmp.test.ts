import { it } from "vitest";
import { openWorld } from "./world.ts";
it.each(["memory", "real"] as const)("x %s", async (kind) => {
  await using world = await openWorld(kind, { users: ["anna"] });
  const anna = await world.connect("anna");
  const topic = await anna.topic("Share Deal").open({ from: "none" });
  const n = 100;
  await Promise.all(Array.from({ length: n }, (_, i) => topic.send(`${i} ${"y".repeat(60_000)}`)));
  const t0 = Date.now();
  await topic.history({ limit: 100 });
  console.log(kind, "history ms", Date.now() - t0, anna.state);
  const t1 = Date.now();
  let c = 0;
  for await (const _ of topic.messages({ from: "start" })) if (++c === n) break;
  console.log(kind, "messages ms", Date.now() - t1);
}, 100000);
