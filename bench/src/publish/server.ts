import type { TlsPair } from "../harness/certificate.ts";
import { cpuTimeUs } from "../harness/cpu.ts";
import { playRole } from "../harness/role.ts";
import { type RunningServer, servers } from "./servers.ts";
import type { RecordName } from "./topic.ts";

let server: RunningServer | undefined;

const calls = {
  async listen({ record, folder, tls }: { record: RecordName; folder: string; tls: TlsPair }) {
    server = await servers[record](folder, tls);
    return server.address;
  },
  stored: () => server?.stored() ?? 0,
  close: () => server?.close(),
  cpu: cpuTimeUs,
};

export type PublishServer = typeof calls;

playRole(calls);
