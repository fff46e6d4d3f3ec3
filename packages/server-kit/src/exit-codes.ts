import type { RedRoomErrorCode } from "@redroom/sdk";

interface ExitCode {
  readonly exit: number;
  readonly meaning: string;
  readonly codes: readonly RedRoomErrorCode[];
}

export const OK = 0;
export const UNEXPECTED = 1;
export const USAGE = 2;

/** How the command ends, for scripts. Numbers are never given a new meaning. */
export const EXIT_CODES: readonly ExitCode[] = [
  { exit: OK, meaning: "done", codes: [] },
  { exit: UNEXPECTED, meaning: "something unexpected", codes: [] },
  { exit: USAGE, meaning: "a command, an option or config.json is wrong", codes: ["OPTIONS_INVALID"] },
  { exit: 3, meaning: "the port is taken", codes: ["PORT_TAKEN"] },
  { exit: 4, meaning: "this machine does not have the address", codes: ["ADDRESS_UNAVAILABLE"] },
  {
    exit: 5,
    meaning: "the data folder cannot be used: no folder, not writable, not initialised, or (init) already so",
    codes: ["FOLDER_UNUSABLE"],
  },
  { exit: 6, meaning: "another server is running on the data folder", codes: ["FOLDER_IN_USE"] },
  {
    exit: 7,
    meaning: "the database cannot be used: of another program, of a newer version, not readable",
    codes: ["STORE_FOREIGN", "STORE_TOO_NEW", "STORE_UNAVAILABLE"],
  },
  {
    exit: 8,
    meaning: "the certificate cannot be used: expired, not readable, not of this key",
    codes: ["CERTIFICATE_EXPIRED", "CERTIFICATE_INVALID"],
  },
  {
    exit: 9,
    meaning:
      "a name, password, role, title or message is not allowed, taken or unknown; or somebody may not do or see that",
    codes: [
      "NAME_INVALID",
      "NAME_TAKEN",
      "PASSWORD_INVALID",
      "USER_UNKNOWN",
      "ROLE_INVALID",
      "TITLE_INVALID",
      "TEXT_INVALID",
      "TOPIC_EXISTS",
      "TOPIC_UNKNOWN",
      "REFERENCE_INVALID",
      "NOT_ALLOWED",
    ],
  },
  { exit: 10, meaning: "there is no native QUIC for this platform", codes: ["PLATFORM_UNSUPPORTED"] },
  { exit: 11, meaning: "the record does not hold: verify has found a fault", codes: ["RECORD_DAMAGED"] },
  { exit: 130, meaning: "ended at once by a second Ctrl+C (143: by a second SIGTERM)", codes: [] },
];

export function exitCodeOf(code: RedRoomErrorCode): number {
  return EXIT_CODES.find(({ codes }) => codes.includes(code))?.exit ?? UNEXPECTED;
}
