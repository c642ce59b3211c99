import { Trans, useLingui } from "@lingui/react/macro";
import { Download, FileVideo } from "lucide-react";
import { useState } from "react";
import { packageSource } from "../../api/packages";
import { Problem } from "../../api/problem";
import type { RequestDetail } from "../../api/requests";
import { formatBytes } from "../../i18n/format";
import {
  Button,
  buttonClass,
  Note,
  Refusal,
  StepUpCancelled,
  TextField,
  useStepUp,
  useToast,
} from "../../parts";

/** Downloads the sealed package and opens it here; nothing is saved unless all of it opened (P-38). */
export function DownloadPackage({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  const guarded = useStepUp();
  const toast = useToast();
  const [opened, setOpened] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [recipient, setRecipient] = useState("");
  const [wrongKey, setWrongKey] = useState(false);
  const start = async () => {
    setError(null);
    setWrongKey(false);
    const { looksLikeRecipient, sealFor } = await import("../../media/ageSeal");
    const key = recipient.trim();
    if (key !== "" && !looksLikeRecipient(key)) {
      setWrongKey(true);
      return;
    }
    setOpened(0);
    try {
      const { downloadPackage, saveBlob } = await import("../../media/packageDownload");
      const whole = await guarded(() => downloadPackage(packageSource(request.id), setOpened), true);
      const found = key === "" ? whole : await sealFor(key, whole);
      saveBlob(found);
      toast(t`Paquet ouvert et remis à votre navigateur : ${found.name}.`);
    } catch (failure) {
      if (!(failure instanceof StepUpCancelled)) setError(failure);
    } finally {
      setOpened(null);
    }
  };
  const total = request.package.bytes ?? 0;
  return (
    <div className="stack-s">
      <TextField
        label={t`Clé age du service, s’il en a donné une`}
        value={recipient}
        onChange={(event) => setRecipient(event.target.value)}
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        help={t`Elle commence par age1. Le paquet ne s’ouvre alors que chez ce service.`}
        error={wrongKey ? t`Ce n’est pas une clé publique age : relisez-la.` : null}
      />
      <div className="row">
        <Button kind="primary" icon={Download} busy={opened !== null} onClick={() => void start()}>
          <Trans>Télécharger le paquet</Trans>
        </Button>
        <span className="small dim">
          <Trans>
            Il s’ouvre dans ce navigateur ; le serveur n’en a pas la clé. La communication est inscrite.
          </Trans>
        </span>
      </div>
      <div className="row">
        <a className={buttonClass({ size: "s" })} href="/lecteur-guet.html" download="lecteur-guet.html">
          <FileVideo className="ic" aria-hidden />
          <Trans>Lecteur hors ligne</Trans>
        </a>
        <span className="small dim">
          <Trans>
            Il lit et vérifie le paquet sans réseau. À remettre sur un autre support que le paquet.
          </Trans>
        </span>
      </div>
      {opened === null ? null : (
        <>
          <progress className="bar" value={opened} max={total || 1} aria-label={t`Ouverture du paquet`} />
          <p className="small dim">
            <Trans>{formatBytes(opened)} ouverts</Trans>
          </p>
        </>
      )}
      {error instanceof Problem ? <Refusal error={error} /> : null}
      {error && !(error instanceof Problem) ? (
        <Note
          kind="danger"
          live
          title={<Trans>Le paquet ne s’ouvre pas : il a été altéré en chemin ou sur le disque.</Trans>}
        >
          <Trans>
            Rien n’a été enregistré. Relancez ; si cela se répète, prévenez l’hébergeur et la cheffe de
            service.
          </Trans>
        </Note>
      ) : null}
    </div>
  );
}
