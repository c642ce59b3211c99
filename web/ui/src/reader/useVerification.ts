import { useEffect, useRef, useState } from "react";
import { NO_REPORT, type Report } from "./package/report";
import { Verification } from "./package/verification";

/** The verification of a file, followed; keys given later are tried without reading the file again. */
export function useVerification(file: Blob | undefined, keys: readonly string[]): Report {
  const [report, setReport] = useState<Report>(NO_REPORT);
  const running = useRef<Verification>(undefined);
  const known = useRef(keys);
  useEffect(() => {
    setReport(NO_REPORT);
    if (file === undefined) return undefined;
    const made = new Verification(file, known.current, setReport);
    running.current = made;
    return () => {
      made.close();
      running.current = undefined;
    };
  }, [file]);
  useEffect(() => {
    if (known.current === keys) return;
    known.current = keys;
    running.current?.trust(keys);
  }, [keys]);
  return report;
}
