/** Reconnection delays: doubled at each failure, with jitter so that a room of pages does not come back at once. */

export const FIRST_DELAY_MS = 500;
export const LONGEST_DELAY_MS = 15_000;

/**
 * Delay before attempt number `attempt` (0 for the first retry), between half and the whole of the doubled delay.
 *
 * @param random a number in [0, 1); injected so that tests are exact
 */
export function delayMs(attempt: number, random: number = Math.random()): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 20));
  return Math.round(whole * (0.5 + random / 2));
}
