import { Fingerprint } from "lucide-react";
import { type ReactNode, useState } from "react";
import { passkeysHere } from "../api/passkeys";
import { Button, type ButtonLook } from "./Button";

interface PasskeyButtonProps extends ButtonLook {
  /** Asks the browser and the server. */
  run: () => Promise<void>;
  /** What went wrong, for a `Refusal`; null when it starts again. */
  onError: (error: unknown) => void;
  children: ReactNode;
}

/** Answers with a passkey. Nothing where the browser has none to give. */
export function PasskeyButton({ run, onError, children, ...look }: PasskeyButtonProps) {
  const [busy, setBusy] = useState(false);
  if (!passkeysHere()) return null;
  const press = async () => {
    setBusy(true);
    onError(null);
    try {
      await run();
    } catch (failure) {
      onError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button {...look} icon={Fingerprint} busy={busy} onClick={() => void press()}>
      {children}
    </Button>
  );
}
