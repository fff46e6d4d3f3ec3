export const TOPIC = "Share Deal";
/** Who reads: a member with the role `superuser`. */
export const USER = { name: "olga", password: "nothing here is secret" };
/** The page of entries, messages or results that somebody asks for. */
export const PAGE = 50;
