import { useCallback, useState } from "react";

/** The person closed the password dialog: nothing was done. */
export class StepUpCancelled extends Error {
  override readonly name = "StepUpCancelled";
}

interface Attempt {
  busy: boolean;
  /** Why the last attempt failed; null meanwhile, and when the person gave it up. */
  error: unknown;
  attempt: (act: () => Promise<void>) => Promise<void>;
}

/** One act at a time under a button: busy while it runs, and what it failed of is kept to be shown. */
export function useAttempt(): Attempt {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const attempt = useCallback(async (act: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (failure) {
      if (!(failure instanceof StepUpCancelled)) setError(failure);
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, error, attempt };
}
