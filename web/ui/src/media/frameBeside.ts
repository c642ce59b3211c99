/** Which frame stands beside the one on screen, across the bounds of groups. */
import type { FootageTrack, Frame } from "./footageTrack";
import type { Group, GroupIndex } from "./groupIndex";

/** The frame when it is loaded; otherwise the group that has it, or the instant where another group may begin. */
export interface Beside {
  frame: Frame | undefined;
  group: Group | undefined;
  edgeUs: number;
}

/**
 * Looks one frame on (1) or back (−1) from an instant inside the frame on screen.
 *
 * @returns undefined when no group holds the instant
 */
export function frameBeside(
  index: GroupIndex,
  track: Pick<FootageTrack, "frames">,
  us: number,
  direction: 1 | -1,
): Beside | undefined {
  const here = index.at(us);
  if (here === undefined) return undefined;
  const frames = track.frames(here);
  const at = frames.findLastIndex((frame) => frame.startUs <= us);
  const group = direction > 0 ? index.next(us) : index.previous(here.startUs);
  const across = group === undefined ? undefined : track.frames(group).at(direction > 0 ? 0 : -1);
  const frame = at < 0 ? undefined : (frames[at + direction] ?? across);
  return { frame, group, edgeUs: direction > 0 ? here.endUs : here.startUs - 1 };
}
