import { useEffect, useState } from "react";
import {
  formatDate,
  formatDateTime,
  formatLong,
  formatOffset,
  formatTime,
  nowUs,
  US_PER_MS,
} from "../i18n/format";

type Form = "date" | "time" | "seconds" | "date-time" | "date-seconds" | "long";

const FORMS: Record<Form, (us: number) => string> = {
  date: formatDate,
  time: (us) => formatTime(us),
  seconds: (us) => formatTime(us, true),
  "date-time": (us) => formatDateTime(us),
  "date-seconds": (us) => formatDateTime(us, true),
  long: formatLong,
};

/** An instant in Paris time. `us` is UTC microseconds; the offset is added where it may matter. */
export function TimeText({ us, form = "date-time", offset }: { us: number; form?: Form; offset?: boolean }) {
  return (
    <time dateTime={new Date(us / US_PER_MS).toISOString()}>
      {FORMS[form](us)}
      {offset ? ` ${formatOffset(us)}` : null}
    </time>
  );
}

/** The current instant in µs, refreshed each `everyMs`. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(nowUs);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(nowUs()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}
