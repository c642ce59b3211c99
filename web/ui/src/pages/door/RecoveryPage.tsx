import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { recover } from "../../api/session";
import { Button, buttonClass } from "../../parts/Button";
import { TextField } from "../../parts/Field";
import { Note } from "../../parts/Note";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";
import { NewPasswordForm } from "./NewPasswordForm";

/** Most people have two; the server takes a part of each approver. */
const PARTS_FIRST = 2;
const PARTS_MAX = 8;

/** Comes back with a code whose parts several accountable persons have handed over. */
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
            Deux responsables de votre commune l’approuvent, et chacun vous remet en main propre une partie du
            code. Il les faut toutes, dans la journée où le code sert, une seule fois. Ce qui ouvrait votre
            compte avant ne l’ouvrira plus.
          </Trans>
        </p>
      </div>
      {done ? (
        <Note kind="ok" live title={<Trans>Mot de passe changé.</Trans>}>
          <Trans>
            Connectez-vous, puis enregistrez une clé d’accès ou un second facteur dans « Mon compte ».
          </Trans>
        </Note>
      ) : (
        <NewPasswordForm
          confirm={<Trans>Rétablir mon accès</Trans>}
          run={(login, data, password) => recover(login, partsOf(data), password)}
          onDone={() => setDone(true)}
        >
          <PartFields />
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

function partsOf(data: FormData): string {
  return data
    .getAll("part")
    .map((part) => String(part).trim())
    .filter(Boolean)
    .join(" ");
}

/** One field for each part; who was given a single code leaves the others empty. */
function PartFields() {
  const { t } = useLingui();
  const [count, setCount] = useState(PARTS_FIRST);
  return (
    <>
      {Array.from({ length: count }, (_, at) => at + 1).map((number) => (
        <TextField
          key={number}
          label={t`Partie ${number} du code`}
          name="part"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={100}
          required={number === 1}
          help={
            number === 1 ? t`Celle que chaque responsable vous a remise, dans n’importe quel ordre.` : null
          }
        />
      ))}
      {count < PARTS_MAX ? (
        <div className="row">
          <Button kind="quiet" icon={Plus} onClick={() => setCount(count + 1)}>
            <Trans>J’ai une autre partie</Trans>
          </Button>
        </div>
      ) : null}
    </>
  );
}
