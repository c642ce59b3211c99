import { useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState } from "react";
import { nowUs, US_PER_S } from "../i18n/format";

const WARNINGS_S = [120, 30] as const;
const TICK_MS = 500;

/** Seconds left in a session, and what is to be spoken: once at 2 min, once at 30 s. */
export function useCountdown(untilUs: number, onEnd: () => void): { leftS: number; spoken: string } {
  const { t } = useLingui();
  const [leftS, setLeftS] = useState(() => left(untilUs));
  const end = useRef(onEnd);
  end.current = onEnd;
  useEffect(() => {
    const tick = (): void => {
      const now = left(untilUs);
      setLeftS(now);
      if (now === 0) {
        window.clearInterval(timer);
        end.current();
      }
    };
    const timer = window.setInterval(tick, TICK_MS);
    tick();
    return () => window.clearInterval(timer);
  }, [untilUs]);
  const warned = WARNINGS_S.findLast((limit) => leftS <= limit && leftS > 0);
  const words = { 120: t`Encore 2 minutes de cadrage.`, 30: t`Encore 30 secondes de cadrage.` };
  return { leftS, spoken: warned === undefined ? "" : words[warned] };
}

function left(untilUs: number): number {
  return Math.max(0, Math.ceil((untilUs - nowUs()) / US_PER_S));
}

/** "07:42" */
export function minutesText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}
