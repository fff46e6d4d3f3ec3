export {
  canonicalJson,
  type JsonObject,
  type JsonValue,
  MAX_JSON_DEPTH,
  parseCanonicalJson,
} from "./base/canonical-json.ts";
export { ENTRY_KINDS, type EntryKind, MESSAGE_KINDS, type MessageKind } from "./base/message-kind.ts";
export { type Checkpoint, openCheckpoint, originOf, readCheckpoint, signCheckpoint } from "./evidence/checkpoint.ts";
export { type Delivery, deliveryOf, deliveryText } from "./evidence/delivery.ts";
export {
  type ExportDirectory,
  type ExportEntry,
  type ExportKeys,
  formatExportDirectory,
  formatExportEntry,
  formatExportKeys,
  formatExportReceipt,
} from "./evidence/export-format.ts";
export {
  EXPORT_CHECKS,
  type ExportCheck,
  type ExportExpectations,
  type ExportParts,
  type ExportReport,
  type ExportVerdict,
  type VerifiedEntry,
  verifyExport,
} from "./evidence/export-verifier.ts";
export {
  type Content,
  commit,
  encodeContent,
  encodeLeaf,
  type LeafFields,
  parseContent,
  parseLeaf,
  peopleIn,
  readContent,
  SALT_BYTES,
} from "./evidence/leaf.ts";
export { LogFollower, type LogIdentity, LogTrust, type TrustedCheckpoint } from "./evidence/log-follower.ts";
export {
  formatLogKey,
  type LogKey,
  logKeyStatement,
  makeLogKey,
  readLogKey,
  verifyLogKey,
} from "./evidence/log-key.ts";
export { formatLogProof, type LogProof, parseLogProof, verifyLogProof } from "./evidence/log-proof.ts";
export {
  appendLeaf,
  EMPTY_FRONTIER,
  EMPTY_ROOT,
  equalHashes,
  type Frontier,
  type Hash,
  hashChildren,
  hashLeaf,
  rootOf,
} from "./evidence/merkle.ts";
export {
  formatVerifier,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  parseVerifier,
  signNote,
} from "./evidence/note.ts";
export {
  type NodeReader,
  proveConsistency,
  proveInclusion,
  readFrontier,
  verifyConsistency,
  verifyInclusion,
} from "./evidence/proofs.ts";
export { addRange, type Range } from "./evidence/ranges.ts";
