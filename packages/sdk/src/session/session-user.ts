/** Who somebody is logged in as. */
export interface SessionUser {
  readonly id: string;
  readonly name: string;
  readonly admin: boolean;
}
