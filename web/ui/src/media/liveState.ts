/** What a live tile can be in: a closed set, so that every tile says one of these in words and shape. */
import type { Refusal, StreamInfo } from "./liveMessages";

export type Quality = "main" | "sub";

export type LiveState =
  | { kind: "connecting"; attempt: number }
  | { kind: "live" }
  | { kind: "frozen"; ageS: number; lastUs: number | undefined }
  | { kind: "lost"; ageS: number; lastUs: number | undefined; cause: string }
  | { kind: "dark"; cause: string }
  | { kind: "refused"; refusal: Refusal; willRetry: boolean }
  | { kind: "unplayable"; codec: string }
  | { kind: "paused" };

/** Everything a tile shows but the picture and its clock. */
export interface LiveSnapshot {
  state: LiveState;
  quality: Quality;
  stream: StreamInfo | undefined;
  /** The main stream cannot be decoded here, so the sub-stream is shown in its place. */
  substituted: boolean;
  /** Capture to screen in whole seconds, once it is worth saying (over 1 s); undefined below. */
  lateS: number | undefined;
  /** The server had to drop frames for this page since the last beat. */
  late: boolean;
}

export const INITIAL_SNAPSHOT: LiveSnapshot = {
  state: { kind: "connecting", attempt: 0 },
  quality: "sub",
  stream: undefined,
  substituted: false,
  lateS: undefined,
  late: false,
};

/** States in which a picture may be on screen; in all others the element is cleared. */
export function showsPicture(state: LiveState): boolean {
  return state.kind === "live" || state.kind === "frozen" || state.kind === "connecting";
}

/**
 * Whether to ask again: a service is away, or a permit ended during the view. Its end may be a right withdrawn or a
 * keeper that restarts, and only the keeper can tell: asked again, it refuses with its rule, and that is final.
 */
export function isPassing(refusal: Refusal): boolean {
  if (refusal.type !== "refused" || refusal.kind === "unavailable") return true;
  return refusal.rule === "" && refusal.kind !== "unauthenticated" && refusal.kind !== "not-found";
}
