/** The session of one handler at work. */
export interface OpenSession {
  value: unknown;
}
