import { describe, it } from "vitest";
import { makeCertificate } from "../../src/testing/test-certificate.ts";
import { transportContract } from "../../src/testing/transport-contract.ts";
import { quicTransport } from "../../src/transport.ts";

const tls = makeCertificate();

transportContract(
  "the QUIC transport",
  () => {
    const transport = quicTransport({ tls, maxStreams: 8 });
    return { client: transport, server: transport, maxStreams: 8, maxHeldBytes: 65_536 };
  },
  { describe, it },
);
