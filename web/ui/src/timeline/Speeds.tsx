import type { KeyboardEvent } from "react";
import { SPEEDS } from "../media/replayState";
import { otherRate } from "../room/replay/useReplayKeys";

const SPEED_WORDS: Record<number, string> = { 0.25: "¼", 0.5: "½", 1: "1", 2: "2", 4: "4", 8: "8", 16: "16" };

interface SpeedsProps {
  label: string;
  /** Negative plays backwards. */
  rate: number;
  onRate: (rate: number) => void;
}

/** The speeds of a transport, as one stop of the keyboard in which arrows choose. */
export function Speeds({ label, rate, onRate }: SpeedsProps) {
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key] as 1 | -1 | undefined;
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = otherRate(rate, by);
    onRate(next);
    event.currentTarget.querySelector<HTMLElement>(`[data-speed="${Math.abs(next)}"]`)?.focus();
  };
  const sign = rate < 0 ? "−" : "×";
  return (
    <div className="seg" role="radiogroup" aria-label={label} onKeyDown={onKeyDown}>
      {SPEEDS.map((each) => (
        // biome-ignore lint/a11y/useSemanticElements: one stop for the whole group, in the look of the other pages
        <button
          key={each}
          type="button"
          role="radio"
          data-speed={each}
          aria-checked={each === Math.abs(rate)}
          tabIndex={each === Math.abs(rate) ? 0 : -1}
          onClick={() => onRate(rate < 0 ? -each : each)}
        >
          {sign}
          {SPEED_WORDS[each]}
        </button>
      ))}
    </div>
  );
}
