import type { Policy } from "@redroom/sdk";

/** For tests that are not about roles: whoever can log in may do everything in every topic, member or not. */
export const everybody: Policy = ({ admin }) => [
  "ask",
  "answer",
  "note",
  "readAddressed",
  "readAll",
  "queryHistory",
  "moderate",
  ...(admin ? (["manageTopics", "manageUsers"] as const) : []),
];
