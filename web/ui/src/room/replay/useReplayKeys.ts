import type { KeyboardEvent } from "react";
import { US_PER_S } from "../../i18n/format";
import { SPEEDS, type Transportable } from "../../media/replayState";

const BACK_US = 10 * US_PER_S;
const MINUTE_US = 60 * US_PER_S;

export interface ReplayActs {
  player: Transportable | undefined;
  rate: number;
  playing: boolean;
  letters: boolean;
  seek: (us: number) => void;
  setIn: () => void;
  setOut: () => void;
  goLive: () => void;
  goTo: () => void;
  help: () => void;
  zoom: (factor: number) => void;
  toEdge: (edge: "first" | "last") => void;
}

/** The next speed up or down the list, in the same direction. */
export function otherRate(rate: number, by: 1 | -1): number {
  const at = (SPEEDS as readonly number[]).indexOf(Math.abs(rate));
  const speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))] ?? 1;
  return rate < 0 ? -speed : speed;
}

/** Keys with a name: they work whatever the setting of the letters. */
function named(acts: ReplayActs, key: string, shift: boolean): boolean {
  const { player } = acts;
  if (player === undefined) return false;
  const by = (us: number): void => acts.seek(player.positionUs + us);
  switch (key) {
    case "ArrowLeft":
      by(shift ? -BACK_US : -US_PER_S);
      return true;
    case "ArrowRight":
      by(shift ? BACK_US : US_PER_S);
      return true;
    case "PageUp":
      by(MINUTE_US);
      return true;
    case "PageDown":
      by(-MINUTE_US);
      return true;
    case "Home":
      acts.toEdge("first");
      return true;
    case "End":
      acts.toEdge("last");
      return true;
    default:
      return false;
  }
}

/** Single characters: they can be switched off (WCAG 2.1.4). */
function single(acts: ReplayActs, key: string): boolean {
  const { player } = acts;
  const toggle = (): void => (acts.playing ? player?.pause() : player?.play());
  // J and L play backwards and forwards; again, faster (K stops).
  const towards = (direction: 1 | -1): void => {
    if (direction < 0 && player?.canReverse === false) return;
    const isThatWay = Math.sign(acts.rate) === direction;
    if (acts.playing && isThatWay) player?.setRate(otherRate(acts.rate, 1));
    else if (!isThatWay) player?.setRate(direction);
    if (!acts.playing) player?.play();
  };
  const table: Record<string, () => void> = {
    " ": toggle,
    k: toggle,
    j: () => towards(-1),
    l: () => towards(1),
    ",": () => player?.step(-1),
    ".": () => player?.step(1),
    i: acts.setIn,
    o: acts.setOut,
    "[": acts.setIn,
    "]": acts.setOut,
    d: acts.goLive,
    g: acts.goTo,
    "+": () => acts.zoom(0.5),
    "-": () => acts.zoom(2),
    "?": acts.help,
  };
  const act = table[key];
  act?.();
  return act !== undefined;
}

/** Keys of the player, alive only inside it; fields and buttons keep their own. */
export function replayKeyDown(acts: ReplayActs): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.closest("input, select, textarea, [role=dialog]")) return;
    const isButton = target?.closest("button, a, [role=radio], summary") !== null;
    if (isButton && (event.key === " " || event.key === "Enter" || event.key.startsWith("Arrow"))) return;
    const used =
      named(acts, event.key, event.shiftKey) || (acts.letters && single(acts, event.key.toLowerCase()));
    if (used) event.preventDefault();
  };
}
