import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { type FormEvent, useState } from "react";
import { beginSecondFactor, confirmSecondFactor, type Enrolment } from "../../api/account";
import {
  Button,
  Dialog,
  Note,
  Refusal,
  StepUpCancelled,
  TextField,
  textOf,
  useAttempt,
  useStepUp,
} from "../../parts";

/** Enrols a second factor: the drawing to scan, a code that proves it was, then the recovery codes, once. */
export function EnrolSecondFactor() {
  const guarded = useStepUp();
  const client = useQueryClient();
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [codes, setCodes] = useState<string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const begin = async () => {
    setError(null);
    try {
      setEnrolment(await guarded(beginSecondFactor, true));
    } catch (failure) {
      if (!(failure instanceof StepUpCancelled)) setError(failure);
    }
  };
  const close = () => {
    setEnrolment(null);
    setCodes([]);
    void client.invalidateQueries({ queryKey: ["account"] });
  };
  return (
    <>
      <Button icon={ShieldCheck} onClick={() => void begin()}>
        <Trans>Ajouter un second facteur</Trans>
      </Button>
      {error ? <Refusal error={error} /> : null}
      <Dialog
        open={enrolment !== null}
        onClose={close}
        sheet
        title={
          codes.length > 0 ? <Trans>Vos codes de secours</Trans> : <Trans>Ajouter un second facteur</Trans>
        }
      >
        {codes.length > 0 ? (
          <Codes codes={codes} onDone={close} />
        ) : enrolment ? (
          <EnrolForm enrolment={enrolment} onDone={setCodes} onCancel={close} />
        ) : null}
      </Dialog>
    </>
  );
}

interface EnrolFormProps {
  enrolment: Enrolment;
  onDone: (codes: string[]) => void;
  onCancel: () => void;
}

function EnrolForm({ enrolment, onDone, onCancel }: EnrolFormProps) {
  const { t } = useLingui();
  const { busy, error, attempt } = useAttempt();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    await attempt(async () => {
      onDone(await confirmSecondFactor(String(data.get("password")), textOf(data, "code")));
    });
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <p>
        <Trans>Dans une application de codes, sur votre téléphone, scannez ce dessin ou tapez la clé.</Trans>
      </p>
      <img src={enrolment.drawing} alt={t`Code QR de la clé écrite au-dessous`} width={196} height={196} />
      <p>
        <Trans>
          Clé : <code translate="no">{enrolment.secret}</code>
        </Trans>
      </p>
      <TextField
        label={t`Code affiché`}
        name="code"
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={20}
        required
        autoFocus
      />
      <TextField
        label={t`Mot de passe`}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        help={t`Il scelle la clé : elle ne s’ouvrira qu’avec lui.`}
      />
      {error ? <Refusal error={error} /> : null}
      <footer className="row">
        <Button onClick={onCancel}>
          <Trans>Renoncer</Trans>
        </Button>
        <Button kind="primary" type="submit" icon={ShieldCheck} busy={busy}>
          <Trans>Vérifier et ajouter</Trans>
        </Button>
      </footer>
    </form>
  );
}

function Codes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <div className="stack">
      <Note kind="warn" live title={<Trans>Ils ne seront plus jamais montrés.</Trans>}>
        <Trans>Chacun remplace une fois le téléphone. Notez-les, et gardez-les loin du poste.</Trans>
      </Note>
      <ul className="stack-s" translate="no">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <footer className="row">
        <Button kind="primary" onClick={onDone}>
          <Trans>Je les ai notés</Trans>
        </Button>
      </footer>
    </div>
  );
}
