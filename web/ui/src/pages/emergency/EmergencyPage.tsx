import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { ShieldOff } from "lucide-react";
import { type Emergencies, emergenciesQuery } from "../../api/emergencies";
import { Card, Note, QueryView, RuleTag } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { AskCard } from "./AskCard";
import { NamedCard } from "./NamedCard";
import { OpeningCard } from "./OpeningCard";
import { PastCard } from "./PastCard";

/** The two are at it together: what the first signs must show to the second without a reload. */
const REFRESH_MS = 5_000;

/** The exceptional opening by two: asked, confirmed, ended, and what there was (decision 0016). */
export function EmergencyPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery({ ...emergenciesQuery(commune), refetchInterval: REFRESH_MS });
  return (
    <>
      <PageHead
        title={t`Ouverture exceptionnelle`}
        lead={
          <>
            <Trans>
              Pour le jour où personne ne peut décider : deux personnes désignées à l’avance ouvrent la
              relecture de ce qu’elles nomment.
            </Trans>{" "}
            <RuleTag rule="P-58" />
          </>
        }
      />
      <QueryView query={query} level={2}>
        {(told) => (
          <div className="cols">
            <div className="stack">
              {told.emergencies
                .filter((one) => one.state !== "over")
                .map((one) => (
                  <OpeningCard key={one.id} one={one} nowUs={told.now_us} />
                ))}
              <Asking told={told} />
              <PastCard past={told.emergencies.filter((one) => one.state === "over")} />
            </div>
            <div className="stack">
              <NamedCard told={told} />
              <BoundsCard told={told} />
            </div>
          </div>
        )}
      </QueryView>
    </>
  );
}

/** The asking, for those named beforehand; for other agents why not. */
function Asking({ told }: { told: Emergencies }) {
  const signs = useRole("officer", "chief");
  if (told.may_sign) return <AskCard told={told} />;
  if (!signs && !told.named) return null;
  return (
    <Note
      kind="off"
      icon={ShieldOff}
      title={<Trans>Vous ne pouvez pas demander d’ouverture exceptionnelle.</Trans>}
    >
      <ServerWords {...(told.sign_lapse ?? {})} />
    </Note>
  );
}

function BoundsCard({ told }: { told: Emergencies }) {
  const { cameras_limit: cameras, range_hours: hours, open_minutes: minutes } = told;
  const signing = told.signing_minutes;
  return (
    <Card title={<Trans>Ce qu’elle ouvre</Trans>} dense>
      <ul className="stack-s small numbered">
        <li>
          <Trans>La relecture seulement : ni direct, ni image enregistrée, ni extraction.</Trans>
        </li>
        <li>
          <Plural value={cameras} one="# caméra au plus," other="# caméras au plus," />{" "}
          <Plural value={hours} one="sur # heure passée au plus." other="sur # heures passées au plus." />
        </li>
        <li>
          <Plural value={minutes} one="Ouverte # minute au plus." other="Ouverte # minutes au plus." />
        </li>
        <li>
          <Trans>
            La deuxième personne confirme dans les {signing} minutes ; le maire et le délégué à la protection
            des données sont avertis aussitôt.
          </Trans>
        </li>
        <li>
          <Trans>La clé de lecture reste à déverrouiller par un détenteur, comme pour toute relecture.</Trans>
        </li>
      </ul>
    </Card>
  );
}
