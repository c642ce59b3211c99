import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { passkeySignIn } from "../api/passkeys";
import { Problem } from "../api/problem";
import { actFor, extendSession, type Session, sessionQuery, signIn, signOut } from "../api/session";
import { nowUs, US_PER_S } from "../i18n/format";
import { Button, Dialog, Refusal, TextField, useNow } from "../parts";
import { CodeField } from "../parts/Field";
import { PasskeyButton } from "../parts/PasskeyButton";
import { endOf, useSession, useSessionAlive } from "./SessionContext";

/** Warned this long before the end. */
const WARNING_S = 120;

/** Warns two minutes before the session ends, and asks to sign in again in place once it has. */
export function SessionGuard() {
  const session = useSession();
  const alive = useSessionAlive();
  useNow(1000);
  const client = useQueryClient();
  const [failure, setFailure] = useState<unknown>(null);
  const leftS = Math.ceil((endOf(session) - nowUs()) / US_PER_S);
  const ended = !alive || leftS <= 0;
  const extend = async () => {
    try {
      client.setQueryData(sessionQuery.queryKey, await extendSession());
      setFailure(null);
    } catch (error) {
      setFailure(error);
    }
  };
  if (ended) return <SignInAgain />;
  const minutes = Math.max(1, Math.ceil(leftS / 60));
  return (
    <Dialog
      open={leftS <= WARNING_S}
      onClose={() => void extend()}
      blocking
      title={
        <Plural
          value={minutes}
          one="Votre session se termine dans # min"
          other="Votre session se termine dans # min"
        />
      }
    >
      <p>
        <Trans>Sans réponse, les images seront masquées. Votre saisie restera.</Trans>
      </p>
      {failure ? <Refusal error={failure} /> : null}
      <footer>
        <LeaveButton />
        <Button kind="primary" onClick={() => void extend()}>
          <Trans>Continuer</Trans>
        </Button>
      </footer>
    </Dialog>
  );
}

/** Signs out, forgets everything read, and goes to the door. */
export function useLeave(): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    const elsewhere = await signOut().catch(() => "");
    client.clear();
    if (elsewhere) return window.location.assign(elsewhere);
    await navigate({ to: "/connexion" });
  };
}

function LeaveButton() {
  const leave = useLeave();
  return (
    <Button onClick={() => void leave()}>
      <Trans>Se déconnecter</Trans>
    </Button>
  );
}

function SignInAgain() {
  const { t } = useLingui();
  const session = useSession();
  const client = useQueryClient();
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [wantsCode, setWantsCode] = useState(false);
  const goOn = async (fresh: Session) => {
    // A passkey may be somebody else's: nothing that was on screen is theirs.
    if (fresh.person.id !== session.person.id) return window.location.assign("/commune");
    const { acting } = session;
    const again = acting ? await actFor(acting.commune, acting.purpose, acting.motive) : fresh;
    client.setQueryData(sessionQuery.queryKey, again);
  };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setBusy(true);
    try {
      const password = String(given.get("password"));
      await goOn(await signIn(session.person.login, password, String(given.get("code") ?? "")));
      setFailure(null);
    } catch (error) {
      if (error instanceof Problem && error.needsCode && !wantsCode) setWantsCode(true);
      else setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open onClose={() => undefined} blocking title={<Trans>Votre session est terminée</Trans>}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <p>
          <Trans>
            Les images sont masquées. Votre saisie est gardée : donnez votre mot de passe pour continuer.
          </Trans>
        </p>
        {session.has_passkey ? (
          <PasskeyButton wide run={async () => goOn(await passkeySignIn())} onError={setFailure}>
            <Trans>Continuer avec une clé d’accès</Trans>
          </PasskeyButton>
        ) : null}
        <input type="hidden" name="username" autoComplete="username" value={session.person.login} readOnly />
        <TextField
          label={t`Mot de passe`}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
        />
        {wantsCode ? <CodeField autoFocus /> : null}
        {failure ? <Refusal error={failure} /> : null}
        <footer>
          <LeaveButton />
          <Button kind="primary" type="submit" busy={busy}>
            <Trans>Continuer</Trans>
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
