/**
 * How a live player keeps close to the camera: speeds up a little, slows down a little, seeks when far behind.
 * Numbers measured on loopback (fragments of one frame); all in seconds of media time.
 */

export const TARGET_S = 0.12;
export const MARGIN_S = 0.06;
export const SEEK_OVER_S = 0.5;
export const KEEP_S = 10;
export const FAST_RATE = 1.1;
export const SLOW_RATE = 0.97;

/** What to do with the video element now. */
export interface Steering {
  rate: number;
  seekToS?: number;
}

/**
 * Decides from the end of what is buffered and the current position.
 *
 * @param hasPlayed false before the first seek, when playback would start at the beginning of the cached group
 */
export function steer(bufferedEndS: number, positionS: number, hasPlayed: boolean): Steering {
  const ahead = bufferedEndS - positionS;
  const edge = Math.max(0, bufferedEndS - TARGET_S);
  if (!hasPlayed || ahead > SEEK_OVER_S || ahead < -SEEK_OVER_S) return { rate: 1, seekToS: edge };
  if (ahead > TARGET_S + MARGIN_S) return { rate: FAST_RATE };
  if (ahead < TARGET_S / 2) return { rate: SLOW_RATE };
  return { rate: 1 };
}

/** The range to remove from the buffer so that only the last `KEEP_S` seconds stay, or undefined. */
export function stale(bufferedStartS: number, positionS: number): { fromS: number; toS: number } | undefined {
  const toS = positionS - KEEP_S;
  // Removing at every frame would keep the source buffer busy: wait until a few seconds have gathered.
  return toS - bufferedStartS > KEEP_S / 2 ? { fromS: bufferedStartS, toS } : undefined;
}
