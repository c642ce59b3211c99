import { Trans, useLingui } from "@lingui/react/macro";
import { FileCheck } from "lucide-react";
import { useState } from "react";
import { certificateUrl } from "../../api/retention";
import { buttonClass, Card } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { useActing, useRole } from "../../session/SessionContext";

/** What was destroyed of a day, with the journal's proofs, as a file that anyone checks offline (P-29, P-42). */
export function CertificateCard() {
  const { t } = useLingui();
  const { commune } = useActing();
  const proves = useRole("chief", "mayor", "deputy", "auditor", "inspector");
  const [day, setDay] = useState("");
  if (!proves) return null;
  return (
    <Card
      title={<Trans>Certificat de destruction</Trans>}
      aside={<Trans>Sa demande est inscrite au journal</Trans>}
    >
      <p className="small dim">
        <Trans>
          Ce qui a été détruit d’une journée, quand, pourquoi et avec quelles clés, ce qui est gelé, et la
          preuve de chaque destruction. Le fichier se vérifie hors ligne : vms retention verify.
        </Trans>
      </p>
      <div className="row">
        <DateField label={t`Journée`} name="day" onChange={setDay} />
        {day ? (
          <a className={buttonClass({ size: "s" })} href={certificateUrl(commune, day)} download>
            <FileCheck className="ic" aria-hidden />
            <Trans>Télécharger le certificat</Trans>
          </a>
        ) : null}
      </div>
    </Card>
  );
}
