import { Trans, useLingui } from "@lingui/react/macro";
import { Download } from "lucide-react";
import { useState } from "react";
import { packageSource } from "../../api/packages";
import { Problem } from "../../api/problem";
import type { RequestDetail } from "../../api/requests";
import { formatBytes } from "../../i18n/format";
import { Button, Note, Refusal, StepUpCancelled, useStepUp, useToast } from "../../parts";

/** Downloads the sealed package and opens it here; nothing is saved unless all of it opened (P-38). */
export function DownloadPackage({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  const guarded = useStepUp();
  const toast = useToast();
  const [opened, setOpened] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const start = async () => {
    setError(null);
    setOpened(0);
    try {
      const { downloadPackage, saveBlob } = await import("../../media/packageDownload");
      const found = await guarded(() => downloadPackage(packageSource(request.id), setOpened), true);
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
