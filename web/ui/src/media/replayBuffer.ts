/** What of a replay is in the video element: opened groups, and the way from positions to instants. */
import type { Bytes } from "./bytes";
import { CaptureClock, MICRO } from "./captureTime";
import type { OpenedGroup } from "./footageTrack";
import type { Group } from "./groupIndex";
import { MediaFeed } from "./mediaFeed";

const DAY_S = 86_400;
/** Positions are never negative: the origin lies well before the oldest footage that is not on hold. */
const ORIGIN_BEFORE_S = 60 * DAY_S;
const DURATION_S = ORIGIN_BEFORE_S + 366 * DAY_S;
const KEEP_BEHIND_US = 20 * MICRO;
const KEEP_AHEAD_US = 150 * MICRO;

function sameBytes(a: Bytes | undefined, b: Bytes): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** A feed of opened groups on one video element. */
export class ReplayBuffer {
  readonly clock: CaptureClock;
  #feed: MediaFeed;
  #lastInit: Bytes | undefined;
  #codec: string;
  #loaded = new Map<string, Group>();

  constructor(video: HTMLVideoElement, codec: string, aroundUs: number, onFailed: (why: string) => void) {
    // Whole seconds are exact as doubles, so positions and capture instants map without rounding.
    const originS = Math.max(0, Math.floor(aroundUs / MICRO) - ORIGIN_BEFORE_S);
    this.clock = new CaptureClock(originS * MICRO);
    this.#codec = codec;
    this.#feed = new MediaFeed(video, codec, -originS, DURATION_S, onFailed);
  }

  /** True when an instant has a position on this feed. */
  reaches(us: number): boolean {
    return us >= this.clock.originUs;
  }

  has(group: Group): boolean {
    return this.#loaded.has(group.id);
  }

  /** Adds a group; its initialisation segment is passed on only when it changed. */
  add({ group, init, media }: OpenedGroup): void {
    if (this.has(group)) return;
    if (group.codec !== this.#codec) {
      this.#codec = group.codec;
      this.#feed.changeCodec(group.codec);
      this.#lastInit = undefined;
    }
    if (!sameBytes(this.#lastInit, init)) {
      this.#lastInit = init;
      this.#feed.append(init);
    }
    this.#feed.append(media);
    this.#loaded.set(group.id, group);
  }

  /** Lets go of what is far from the position, in memory and in the browser's buffer. */
  prune(us: number): void {
    for (const [id, group] of this.#loaded) {
      if (group.endUs > us - KEEP_BEHIND_US && group.startUs < us + KEEP_AHEAD_US) continue;
      this.#loaded.delete(id);
      this.#feed.remove(this.clock.position(group.startUs), this.clock.position(group.endUs));
    }
  }

  /** Drops everything; the element shows nothing any more. */
  dispose(): void {
    this.#loaded.clear();
    this.#feed.dispose();
  }
}
