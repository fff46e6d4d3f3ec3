// Published as it stands, and passed on by `export *`: what a bundler makes of an interface cannot be augmented.

/**
 * The types of what your application adds to messages: a member for each kind of message (`question`, `answer`, `note`,
 * `correction` …), and `annotations` for what your server adds. Empty here, yours by module augmentation:
 *
 * ```ts
 * declare module "@redroom/sdk" {
 *   interface CustomTypes {
 *     question: { deal: string; stage: 1 | 2 };
 *     annotations: { checkedBy: string };
 *   }
 * }
 * ```
 *
 * They are types of JSON objects. Nothing is checked by them at run time: that is what `metadata` of `RedRoomServer` is for.
 */
// biome-ignore lint/suspicious/noEmptyInterface: to be augmented
export interface CustomTypes {}
