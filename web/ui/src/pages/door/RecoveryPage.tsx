import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { recover } from "../../api/session";
import { Button, buttonClass } from "../../parts/Button";
import { TextField } from "../../parts/Field";
import { Note } from "../../parts/Note";
import { Refusal } from "../../parts/Refusal";
import { useAttempt } from "../../parts/useAttempt";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";

/** Comes back with a code that two accountable persons have approved. */
export function RecoveryPage() {
  const { t } = useLingui();
  const [done, setDone] = useState(false);
  return (
    <OutsidePage
      title={t`Rétablir mon accès`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <div className="stack-s">
        <h1>
          <Trans>Rétablir mon accès</Trans>
        </h1>
        <p className="dim">
          <Trans>
            Deux responsables de votre commune l’approuvent ; l’un d’eux vous remet un code. Il vaut un jour
            et une seule fois. Ce qui ouvrait votre compte avant ne l’ouvrira plus.
          </Trans>
        </p>
      </div>
      {done ? (
        <Note kind="ok" live title={<Trans>Mot de passe changé.</Trans>}>
          <Trans>Connectez-vous, puis enregistrez vos clés d’accès dans « Mon compte ».</Trans>
        </Note>
      ) : (
        <RecoveryForm onDone={() => setDone(true)} />
      )}
      <div className="row">
        <Link className={buttonClass({ kind: done ? "primary" : "quiet" })} to="/connexion">
          <Trans>Aller à la connexion</Trans>
        </Link>
      </div>
    </OutsidePage>
  );
}

function RecoveryForm({ onDone }: { onDone: () => void }) {
  const { t } = useLingui();
  const { busy, error, attempt } = useAttempt();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const of = (name: string) => String(data.get(name) ?? "");
    await attempt(async () => {
      await recover(of("username").trim(), of("code").trim(), of("password"));
      onDone();
    });
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {error ? <Refusal error={error} /> : null}
      <TextField
        label={t`Identifiant`}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <TextField
        label={t`Code de rétablissement`}
        name="code"
        autoComplete="one-time-code"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={100}
        required
      />
      <TextField
        label={t`Nouveau mot de passe`}
        name="password"
        type="password"
        autoComplete="new-password"
        minLength={12}
        required
        help={t`Douze caractères au moins.`}
      />
      <Button kind="primary" size="l" wide type="submit" busy={busy}>
        <Trans>Rétablir mon accès</Trans>
      </Button>
    </form>
  );
}
