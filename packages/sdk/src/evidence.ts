export {
  commit,
  encodeContent,
  encodeLeaf,
  type LeafFields,
  MESSAGE_KINDS,
  type MessageKind,
  SALT_BYTES,
} from "./evidence/leaf.ts";
