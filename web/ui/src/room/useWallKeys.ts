import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { neighbour } from "./layouts";

const CALL_FORGOTTEN_MS = 4_000;
const CALL_DIGITS_MAX = 4;

interface WallKeys {
  count: number;
  width: number;
  at: number;
  isBig: boolean;
  letters: boolean;
  onMove: (at: number) => void;
  onEnlarge: () => void;
  onReturn: () => void;
  onPage: (by: 1 | -1) => void;
  /** A camera is called by its number. */
  onCall: (number: number) => void;
  /** A single-letter shortcut; returns whether it was one. */
  onLetter: (letter: string) => boolean;
}

/**
 * Keys of the wall, alive only inside it: arrows move, Enter enlarges, Escape returns, digits then Enter call a
 * camera. Letters can be switched off (WCAG 2.1.4); digits act only with Enter.
 */
export function useWallKeys(keys: WallKeys): { called: string; onKeyDown: (event: KeyboardEvent) => void } {
  const [called, setCalled] = useState("");
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const type = (digits: string): void => {
    setCalled(digits);
    window.clearTimeout(timer.current);
    if (digits !== "") timer.current = window.setTimeout(() => setCalled(""), CALL_FORGOTTEN_MS);
  };
  const press = (event: KeyboardEvent): boolean => {
    const { key } = event;
    if (key.startsWith("Arrow")) {
      if (!keys.isBig) keys.onMove(neighbour(keys.at, key, keys.width, keys.count));
    } else if (key === "Home") keys.onMove(0);
    else if (key === "End") keys.onMove(keys.count - 1);
    else if (key === "PageDown") keys.onPage(1);
    else if (key === "PageUp") keys.onPage(-1);
    else if (key === "Enter" && called !== "") {
      keys.onCall(Number(called));
      type("");
    } else if (key === "Enter") keys.onEnlarge();
    else if (key === "Escape" && called !== "") type("");
    else if (key === "Escape" && keys.isBig) keys.onReturn();
    else if (/^[0-9]$/.test(key)) type((called + key).slice(-CALL_DIGITS_MAX));
    else return keys.letters && keys.onLetter(key.toLowerCase());
    return true;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // A control inside a tile keeps its own keys, and no combination is taken from the browser.
    if (event.target instanceof HTMLElement && event.target.closest("a, button, input, select")) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (press(event)) event.preventDefault();
  };
  return { called, onKeyDown };
}
