import { useEffect, useRef } from "react";
import { formatOffset, formatTime } from "../i18n/format";

const REFRESH_MS = 200;

/** The capture time of a picture, in local time with its offset: written without rendering the page again. */
export function CaptureClock({ read }: { read: () => number | undefined }) {
  const element = useRef<HTMLTimeElement>(null);
  useEffect(() => {
    const write = (): void => {
      const us = read();
      if (element.current === null) return;
      const text = us === undefined ? "" : `${formatTime(us, true)} ${formatOffset(us)}`;
      if (element.current.textContent === text) return;
      element.current.textContent = text;
      if (us !== undefined) element.current.dateTime = new Date(us / 1000).toISOString();
    };
    write();
    const timer = window.setInterval(write, REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [read]);
  return <time ref={element} />;
}
