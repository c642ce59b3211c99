import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { sessionQuery, unlock } from "../../api/session";
import { Button, Card, Note, Refusal, TextField } from "../../parts";

/** A key holder opens a commune's playback key after a restart; live and recording never wait for it. */
export function UnlockCard({ commune, name }: { commune: string; name: string }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    setError(null);
    try {
      client.setQueryData(
        sessionQuery.queryKey,
        await unlock(commune, String(new FormData(form).get("passphrase"))),
      );
      form.reset();
      setDone(true);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  if (done) return <Note kind="ok" live title={<Trans>Relecture déverrouillée pour {name}.</Trans>} />;
  return (
    <Card title={<Trans>Déverrouiller la relecture de {name}</Trans>}>
      <p className="small dim">
        <Trans>
          Depuis le dernier redémarrage, la clé de lecture est fermée. Vous en êtes détenteur : votre phrase
          de passe l’ouvre. Le direct et l’enregistrement n’attendent pas.
        </Trans>
      </p>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <TextField label={t`Phrase de passe`} name="passphrase" type="password" autoComplete="off" required />
        {error ? <Refusal error={error} /> : null}
        <div className="row">
          <Button type="submit" icon={KeyRound} busy={busy}>
            <Trans>Déverrouiller</Trans>
          </Button>
        </div>
      </form>
    </Card>
  );
}
