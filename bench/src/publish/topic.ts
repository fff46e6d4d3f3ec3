/** Who keeps the record: Red Room, or the plain server it is compared with. */
export type RecordName = "redroom" | "plain";

export const TOPIC = "Share Deal";
