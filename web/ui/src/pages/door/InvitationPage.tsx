import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { acceptInvitation } from "../../api/session";
import { buttonClass } from "../../parts/Button";
import { TextField } from "../../parts/Field";
import { Note } from "../../parts/Note";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";
import { NewPasswordForm } from "./NewPasswordForm";

/** A new account, opened by its owner with the code that was handed to them. */
export function InvitationPage() {
  const { t } = useLingui();
  const [done, setDone] = useState(false);
  return (
    <OutsidePage
      title={t`Ouvrir mon compte`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <div className="stack-s">
        <h1>
          <Trans>Ouvrir mon compte</Trans>
        </h1>
        <p className="dim">
          <Trans>
            Un responsable de votre commune vous a remis un identifiant et un code. Choisissez ici votre mot
            de passe : vous seul le connaîtrez. Le code sert une seule fois.
          </Trans>
        </p>
      </div>
      {done ? (
        <Note kind="ok" live title={<Trans>Votre compte est ouvert.</Trans>}>
          <Trans>
            Connectez-vous avec votre mot de passe, puis enregistrez une clé d’accès ou un second facteur dans
            « Mon compte ».
          </Trans>
        </Note>
      ) : (
        <NewPasswordForm
          confirm={<Trans>Ouvrir mon compte</Trans>}
          run={(login, data, password) =>
            acceptInvitation(login, String(data.get("code") ?? "").trim(), password)
          }
          onDone={() => setDone(true)}
        >
          <TextField
            label={t`Code de l’invitation`}
            name="code"
            autoComplete="one-time-code"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={100}
            required
          />
        </NewPasswordForm>
      )}
      <div className="row">
        <Link className={buttonClass({ kind: done ? "primary" : "quiet" })} to="/connexion">
          <Trans>Aller à la connexion</Trans>
        </Link>
      </div>
    </OutsidePage>
  );
}
