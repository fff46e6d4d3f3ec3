import type { Member, Topic } from "@redroom/sdk";

/** Who belongs to a topic, by name. */
export const membersByName = ({ members }: Topic): Member[] =>
  [...members].sort((one, other) => one.name.localeCompare(other.name));
