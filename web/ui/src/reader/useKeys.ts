import { type KeyboardEvent, useEffect, useRef } from "react";
import { type ReplayActs, replayKeyDown } from "../room/replay/useReplayKeys";

/** What the reader's own keys do, beside those of the other players. */
export interface OwnActs {
  still: () => void;
  verification: () => void;
  enlarge: () => void;
  select: (at: number) => void;
}

/** Keys act wherever the focus is, save in fields and dialogs. */
export function useKeys(acts: ReplayActs, own: OwnActs): void {
  const current = useRef({ acts, own });
  current.current = { acts, own };
  useEffect(() => {
    const onKeyDown = (event: globalThis.KeyboardEvent): void => {
      const { acts: replay, own: reader } = current.current;
      const target = event.target instanceof HTMLElement ? event.target : null;
      const isElsewhere = target?.closest("input, select, textarea, dialog") !== null && target !== null;
      if (isElsewhere || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
      if (replay.letters && ownKey(reader, event.key.toLowerCase())) event.preventDefault();
      else replayKeyDown(replay)(event as unknown as KeyboardEvent);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

function ownKey(acts: OwnActs, key: string): boolean {
  const table: Record<string, () => void> = { s: acts.still, v: acts.verification, a: acts.enlarge };
  if (/^[1-9]$/.test(key)) acts.select(Number(key) - 1);
  else if (table[key] === undefined) return false;
  else table[key]?.();
  return true;
}
