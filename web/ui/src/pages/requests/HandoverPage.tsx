import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Printer } from "lucide-react";
import type { ReactNode } from "react";
import { camerasQuery } from "../../api/cameras";
import { type RequestDetail, requestQuery } from "../../api/requests";
import { formatBytes, formatExact, formatExactSpan } from "../../i18n/format";
import { Button, Card, type Fact, Facts, Note, QueryView } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { cameraNumber } from "../cameras/words";
import { basisFacts } from "./BasisCard";
import { Hash } from "./ExtractionCard";
import { FRAMES, fieldText } from "./frames";

/** The paper of a hand-over: the receipt that both sign, and the label of a write-once medium (P-41, P-76). */
export function HandoverPage() {
  const { t } = useLingui();
  const { request: id } = useParams({ from: "/app/demandes/$request/remise" });
  const query = useQuery(requestQuery(id));
  return (
    <>
      <PageHead
        title={t`Remise contre reçu`}
        above={{ to: `/demandes/${id}`, word: query.data?.number ?? t`Demande`, here: t`Remise` }}
        lead={t`À imprimer et à signer des deux mains. Rien n’y nomme une personne filmée.`}
        acts={
          <Button kind="primary" icon={Printer} onClick={() => window.print()}>
            <Trans>Imprimer</Trans>
          </Button>
        }
      />
      <QueryView query={query}>{(request) => <Papers request={request} />}</QueryView>
    </>
  );
}

function Papers({ request }: { request: RequestDetail }) {
  const { manifest_sha256: sealed, built_us: builtUs } = request.package;
  if (sealed === undefined || builtUs === undefined) {
    return (
      <Note kind="off" title={<Trans>Rien n’est encore scellé.</Trans>}>
        <Trans>Le reçu se prépare une fois l’extraction faite.</Trans>
      </Note>
    );
  }
  return (
    <div className="paper stack">
      <Receipt request={request} sealed={sealed} />
      <Label request={request} sealed={sealed} />
    </div>
  );
}

function useNames(request: RequestDetail): string {
  const { commune } = useActing();
  const known = useQuery(camerasQuery(commune)).data ?? [];
  const nameOf = (id: string): string => {
    const camera = known.find((one) => one.id === id);
    return camera ? `${cameraNumber(camera)} ${camera.name}` : id;
  };
  return request.cameras.map(nameOf).join(", ");
}

function Receipt({ request, sealed }: { request: RequestDetail; sealed: string }) {
  const { t, i18n } = useLingui();
  const acting = useActing();
  const frame = FRAMES[request.frame];
  const { bytes, built_us: builtUs } = request.package;
  const facts: (Fact | null)[] = [
    { label: t`Remis par`, value: acting.name || acting.commune },
    {
      label: t`Remis à`,
      value: [fieldText(request, "unit"), request.authority].filter(Boolean).join(", "),
    },
    { label: t`Cadre`, value: `${i18n._(frame.name)}, ${i18n._(frame.article)}` },
    ...basisFacts(request, t`Fondement`, t`Habilitation`),
    request.procedure_number ? { label: t`Procédure`, value: request.procedure_number } : null,
    { label: t`Caméras`, value: useNames(request) },
    { label: t`Plage`, value: formatExactSpan(request.from_us, request.to_us) },
    bytes ? { label: t`Taille`, value: formatBytes(bytes) } : null,
    builtUs ? { label: t`Scellé le`, value: formatExact(builtUs) } : null,
  ];
  return (
    <Card title={<Trans>Reçu, demande {request.number}</Trans>}>
      <Facts items={facts} />
      <h3>
        <Trans>Empreinte SHA-256 du manifeste, lue par le destinataire</Trans>
      </h3>
      <Hash value={sealed} />
      <div className="form-2 signed">
        <Blank word={t`Qualité et matricule de qui reçoit`} />
        <Blank word={t`Qualité de qui remet`} />
        <Blank word={t`Support`} />
        <Blank word={t`Date et heure`} />
        <Blank word={t`Signature de qui reçoit`} tall />
        <Blank word={t`Signature de qui remet`} tall />
      </div>
      <p className="small dim">
        <Trans>
          L’autorité garde désormais cette copie selon ses propres règles. La nôtre est détruite à sa date ;
          l’empreinte, le manifeste et ce reçu restent.
        </Trans>
      </p>
    </Card>
  );
}

/** To cut out: what the disc is, and the hash that tells whether it still is. */
function Label({ request, sealed }: { request: RequestDetail; sealed: string }) {
  const acting = useActing();
  const span = formatExactSpan(request.from_us, request.to_us);
  return (
    <section className="disc stack-s" aria-labelledby="disc">
      <h2 id="disc">
        <Trans>Étiquette du support non réinscriptible</Trans>
      </h2>
      <p className="strong">
        {acting.name || acting.commune} · {request.number}
      </p>
      <p>
        <Plural value={request.cameras.length} one="# caméra" other="# caméras" /> · {span}
      </p>
      <Hash value={sealed} />
      <p className="small">
        <Trans>La notice de vérification est dans le paquet. Ne pas réenregistrer.</Trans>
      </p>
    </section>
  );
}

function Blank({ word, tall = false }: { word: ReactNode; tall?: boolean }) {
  return (
    <div className={tall ? "blank tall" : "blank"}>
      <span className="small dim">{word}</span>
    </div>
  );
}
