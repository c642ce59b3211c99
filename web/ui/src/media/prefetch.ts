/** Which groups a position needs now, and which it will soon need: the direction and the speed of play decide. */
import { MICRO } from "./captureTime";
import type { Group, GroupIndex } from "./groupIndex";

const AHEAD_US = 6 * MICRO;
/** However fast it plays, no more than this is fetched ahead. */
const AHEAD_LIMIT_BYTES = 24 * 1024 * 1024;
const AHEAD_LIMIT_COUNT = 16;

/**
 * The groups to have open at a position, the most urgent first.
 *
 * @param rate capture seconds a second: 0 at rest (the group of the position alone), negative in reverse
 */
export function groupsAhead(index: GroupIndex, us: number, rate: number): Group[] {
  const here = index.at(us);
  if (rate === 0) return here === undefined ? [] : [here];
  const reachUs = us + AHEAD_US * (rate > 0 ? Math.max(1, rate) : Math.min(-1, rate));
  const wanted: Group[] = here === undefined ? [] : [here];
  let next = rate > 0 ? index.next(us) : index.previous(here?.startUs ?? us);
  let bytes = here?.length ?? 0;
  while (next !== undefined && (rate > 0 ? next.startUs < reachUs : next.endUs > reachUs)) {
    bytes += next.length;
    if (wanted.length >= AHEAD_LIMIT_COUNT || bytes > AHEAD_LIMIT_BYTES) break;
    wanted.push(next);
    next = rate > 0 ? index.next(next.startUs) : index.previous(next.startUs);
  }
  return wanted;
}
