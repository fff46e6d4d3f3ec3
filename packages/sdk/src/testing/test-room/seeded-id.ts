import { createHash } from "node:crypto";
import { toBase64Url } from "../../base/bytes.ts";
import { SeededRandom } from "../seeded-random.ts";

/** Numbers for one purpose: what is drawn for others changes nothing. */
export function randomFor(seed: number, purpose: string): SeededRandom {
  const hash = createHash("sha256").update(`${seed} ${purpose}`).digest();
  return new SeededRandom(hash.readUIntBE(0, 6));
}

/** As `randomId()`, by a seed. */
export function seededId(random: SeededRandom): string {
  return toBase64Url(Uint8Array.from({ length: 16 }, () => random.between(0, 255)));
}
