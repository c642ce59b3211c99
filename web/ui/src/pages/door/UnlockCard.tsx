import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { passkeysHere, unlockingSecret } from "../../api/passkeys";
import { sessionQuery, type UnlockMeans, unlock } from "../../api/session";
import { Button, Card, Note, Refusal, TextField } from "../../parts";
import { Check } from "../../parts/Field";
import { PasskeyButton } from "../../parts/PasskeyButton";

/** A key holder opens a commune's playback key after a restart; live and recording never wait for it. */
export function UnlockCard({ commune, name }: { commune: string; name: string }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { data: session } = useQuery(sessionQuery);
  const open = async (means: UnlockMeans) => {
    client.setQueryData(sessionQuery.queryKey, await unlock(commune, means));
  };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    setError(null);
    try {
      const given = new FormData(form);
      const added = given.get("adding") === "on" ? await unlockingSecret(commune, true) : {};
      await open({ passphrase: String(given.get("passphrase")), ...added });
      form.reset();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  if (session?.unlocked[commune])
    return <Note kind="ok" live title={<Trans>Relecture déverrouillée pour {name}.</Trans>} />;
  return (
    <Card title={<Trans>Déverrouiller la relecture de {name}</Trans>}>
      <p className="small dim">
        <Trans>
          Depuis le dernier redémarrage, la clé de lecture est fermée. Vous en êtes détenteur : votre phrase
          de passe l’ouvre. Le direct et l’enregistrement n’attendent pas.
        </Trans>
      </p>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        {session?.unlocks_by_passkey.includes(commune) ? (
          <PasskeyButton
            run={async () => open({ passphrase: "", ...(await unlockingSecret(commune, false)) })}
            onError={setError}
          >
            <Trans>Déverrouiller avec une clé d’accès</Trans>
          </PasskeyButton>
        ) : null}
        <TextField label={t`Phrase de passe`} name="passphrase" type="password" autoComplete="off" required />
        {session?.has_passkey && passkeysHere() ? (
          <Check name="adding" label={<Trans>Une de mes clés d’accès l’ouvrira aussi désormais</Trans>} />
        ) : null}
        {session?.unlocks_by_token.includes(commune) ? (
          <p className="small dim">
            <Trans>
              Votre jeton l’ouvre aussi, branché au serveur, depuis sa ligne de commande :{" "}
              <code>vms keys unlock --token</code> et son nom.
            </Trans>
          </p>
        ) : null}
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
