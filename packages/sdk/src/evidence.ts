export { MESSAGE_KINDS, type MessageKind } from "./base/message-kind.ts";
export {
  commit,
  encodeContent,
  encodeLeaf,
  type LeafFields,
  parseContent,
  parseLeaf,
  SALT_BYTES,
} from "./evidence/leaf.ts";
