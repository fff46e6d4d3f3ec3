import { describe, it } from "vitest";
import { transportContract } from "../../src/testing/transport-contract.ts";
import { memoryTransport } from "../../src/transport.ts";

transportContract(
  "the memory transport",
  () => {
    const network = memoryTransport({ maxStreams: 8, streamWindowBytes: 65_536 });
    return { client: network, server: network, maxStreams: 8, maxHeldBytes: 65_536 };
  },
  { describe, it },
);
