import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import {
  createContext,
  type FormEvent,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";
import { passkeyStepUp } from "../api/passkeys";
import { Problem } from "../api/problem";
import { sessionQuery, stepUp } from "../api/session";
import { onStepUpNeeded } from "../api/stepUp";
import { nowUs } from "../i18n/format";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { TextField } from "./Field";
import { PasskeyButton } from "./PasskeyButton";
import { Refusal } from "./Refusal";
import { StepUpCancelled } from "./useAttempt";

/** `grave`: the law's acts that always want the password, asked before the server has to refuse. */
type Guarded = <T>(act: () => Promise<T>, grave?: boolean) => Promise<T>;

const StepUpContext = createContext<Guarded>((act) => act());

/** Runs an act; when the server wants the password again, asks for it and runs the act once more. */
export function useStepUp(): Guarded {
  return useContext(StepUpContext);
}

interface Waiting {
  resolve: () => void;
  reject: (error: StepUpCancelled) => void;
}

/** Asks for the password again before a decision, an extraction or a validation. */
export function StepUpProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const waiting = useRef<Waiting | null>(null);
  const asked = useRef<Promise<void>>(Promise.resolve()); // several acts at once are asked for once
  const client = useQueryClient();
  const ask = useCallback(() => {
    if (waiting.current === null) {
      asked.current = new Promise<void>((resolve, reject) => {
        waiting.current = { resolve, reject };
      });
      setOpen(true);
    }
    return asked.current;
  }, []);
  useEffect(() => onStepUpNeeded(ask), [ask]);
  const guarded = useCallback<Guarded>(
    async (act, grave) => {
      const session = client.getQueryData(sessionQuery.queryKey);
      if (grave && session && session.step_up_until_us <= nowUs()) await ask();
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof Problem && error.needsStepUp)) throw error;
        await ask();
        return act();
      }
    },
    [ask, client],
  );
  const close = () => {
    setOpen(false);
    waiting.current?.reject(new StepUpCancelled());
    waiting.current = null;
  };
  const confirmed = () => {
    setOpen(false);
    waiting.current?.resolve();
    waiting.current = null;
  };
  return (
    <StepUpContext value={guarded}>
      {children}
      <Dialog open={open} onClose={close} sheet title={<Trans>Confirmez que c’est bien vous</Trans>}>
        <PasswordForm onDone={confirmed} onCancel={close} />
      </Dialog>
    </StepUpContext>
  );
}

function PasswordForm({ onDone, onCancel }: { onDone: () => void; onCancel: () => void }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    try {
      client.setQueryData(
        sessionQuery.queryKey,
        await stepUp(String(new FormData(event.currentTarget).get("password"))),
      );
      onDone();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const confirmByPasskey = async () => {
    client.setQueryData(sessionQuery.queryKey, await passkeyStepUp());
    onDone();
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <p className="small dim">
        <Trans>
          Cet acte engage : il demande votre mot de passe à nouveau. Il vaut ensuite cinq minutes.
        </Trans>
      </p>
      {client.getQueryData(sessionQuery.queryKey)?.has_passkey ? (
        <PasskeyButton wide run={confirmByPasskey} onError={setError}>
          <Trans>Confirmer avec une clé d’accès</Trans>
        </PasskeyButton>
      ) : null}
      <TextField
        label={t`Mot de passe`}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        autoFocus
      />
      {error ? <Refusal error={error} /> : null}
      <footer className="row">
        <Button onClick={onCancel}>
          <Trans>Renoncer</Trans>
        </Button>
        <Button kind="primary" type="submit" icon={KeyRound} busy={busy}>
          <Trans>Confirmer</Trans>
        </Button>
      </footer>
    </form>
  );
}
