/** From what a player knows to what a tile says: the state's name in the closed list, and its words. */
import type { LiveSnapshot } from "../media/liveState";
import type { StateName } from "../parts";

/** Causes that mean doubt about private zones: the camera is cut, not lost (P-10). */
const CUT_CAUSES = new Set(["mask-failed", "mask-drift", "picture-size-changed"]);
const SUSPENDED_CAUSES = new Set(["suspended", "not-authorised"]);
/** The state's name for `StateTag`. */
export function tileState({ state, lateS }: LiveSnapshot): StateName {
  switch (state.kind) {
    case "live":
      return lateS === undefined ? "live" : "warning";
    case "dark":
      if (CUT_CAUSES.has(state.cause)) return "cut";
      return SUSPENDED_CAUSES.has(state.cause) ? "suspended" : "lost";
    case "refused":
      return state.willRetry ? "connecting" : "refused";
    case "unplayable":
      return "not-playable";
    case "paused":
      return "stopped";
    default:
      return state.kind;
  }
}

/** The tile's own class: frozen is dashed, lost is thick (shape before colour). */
export function tileClass(name: StateName): string {
  return name === "frozen" || name === "lost" ? ` ${name}` : "";
}
