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
  /** The user's session has ended: the password or the rights have changed, or it goes on over another connection. */
  revoked: 4,
  /** The peer does not read what it is sent; it may come back and go on where it stopped. Also resets a stream. */
  slowConsumer: 5,
  /** The peer has not answered in time; the session may go on over another connection. */
  unanswered: 6,
} as const;
