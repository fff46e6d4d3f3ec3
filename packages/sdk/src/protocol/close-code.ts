/** Application codes with which a connection is closed (RFC 9000 §19.19, type 0x1d). */
export const CLOSE_CODES = {
  /** The work is done. */
  normal: 0,
  /** The peer broke the protocol. */
  protocolError: 1,
  /** The server stops; come back later. */
  shuttingDown: 2,
  /** Login or a limit. */
  refused: 3,
} as const;
