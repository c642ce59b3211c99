import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { FileText, IdCard } from "lucide-react";
import { useState } from "react";
import { camerasQuery } from "../../api/cameras";
import {
  applicantQuery,
  checkIdentity,
  extendAnswer,
  letterUrl,
  type RequestDetail,
} from "../../api/requests";
import { formatDate, formatDateTime } from "../../i18n/format";
import {
  ActButton,
  buttonClass,
  Card,
  Check,
  type Fact,
  Facts,
  Note,
  QueryView,
  RuleTag,
  SelectField,
  textOf,
} from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { cameraNumber } from "../cameras/words";
import { RIGHTS } from "../door/accessWords";
import { CameraChecks } from "./CameraChecks";
import { OUTCOMES } from "./frames";

/** What a filmed person asked and told, and the commune's acts on it: identity, more time, the letter (P-83, P-85). */
export function AccessCard({ request }: { request: RequestDetail }) {
  return request.frame === "droit_acces" ? <Person request={request} /> : null;
}

function Person({ request }: { request: RequestDetail }) {
  const { t, i18n } = useLingui();
  const serves = useRole("secretary", "officer", "chief", "mayor", "deputy");
  const decides = useRole("mayor", "deputy");
  const query = useQuery(applicantQuery(request.id));
  const open = request.state === "registered" || request.state === "queried";
  const facts: (Fact | null)[] = [
    request.right ? { label: t`Droit exercé`, value: i18n._(RIGHTS[request.right].word) } : null,
    request.outcome ? { label: t`Suite donnée`, value: i18n._(OUTCOMES[request.outcome].word) } : null,
    request.appointment_us ? { label: t`Rendez-vous`, value: formatDateTime(request.appointment_us) } : null,
  ];
  return (
    <Card title={<Trans>Personne filmée</Trans>} aside={<RuleTag rule="P-83" />}>
      <Facts items={facts} />
      <QueryView query={query}>
        {(told) =>
          told ? (
            <Facts
              items={[
                { label: t`Nom`, value: told.name },
                {
                  label: told.answer === "email" ? t`Réponse par courriel` : t`Réponse par la poste`,
                  value: told.contact,
                },
                { label: t`Lieu dit`, value: told.place },
                { label: t`Se reconnaît à`, value: told.description },
                told.erase_us ? { label: t`Effacé le`, value: formatDate(told.erase_us) } : null,
              ]}
            />
          ) : (
            <p className="small dim">
              <Trans>Aucun renseignement sur la personne n’est gardé ici.</Trans>
            </p>
          )
        }
      </QueryView>
      {request.state === "filed" && request.identity_by_us ? (
        <Note
          kind="warn"
          title={<Trans>Identité à vérifier avant le {formatDateTime(request.identity_by_us)}.</Trans>}
        >
          <Trans>Ensuite le gel tombe, la demande aussi, et ces renseignements s’effacent.</Trans>
        </Note>
      ) : null}
      <div className="row">
        {request.state === "filed" && serves ? <IdentityAct request={request} /> : null}
        {open && decides && !request.fields.extension ? <ExtensionAct request={request} /> : null}
        {request.state === "filed" || request.state === "lapsed" ? null : (
          <a className={buttonClass()} href={letterUrl(request.id)} download>
            <FileText className="ic" aria-hidden />
            <Trans>Lettre à imprimer</Trans>
          </a>
        )}
      </div>
    </Card>
  );
}

/** At the counter: a document is seen, never copied; the cameras of the place are chosen, the others let go. */
function IdentityAct({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const known = useQuery(camerasQuery(commune)).data ?? [];
  const [cameras, setCameras] = useState<readonly string[]>([]);
  const nameOf = (id: string): string => {
    const camera = known.find((one) => one.id === id);
    return camera ? [`${cameraNumber(camera)} ${camera.name}`, camera.place].filter(Boolean).join(", ") : id;
  };
  return (
    <ActButton
      kind="primary"
      icon={IdCard}
      label={<Trans>Vérifier l’identité</Trans>}
      title={<Trans>Identité vérifiée au guichet</Trans>}
      confirm={<Trans>Noter et envoyer à la décision</Trans>}
      run={() =>
        checkIdentity(request.id, {
          cameras: [...cameras],
          from_us: request.from_us,
          to_us: request.to_us,
        })
      }
      stale={["request", "requests", "holds"]}
      done={t`Identité notée : la demande va à la décision.`}
    >
      <Note kind="off" title={<Trans>La pièce est vue, ni copiée ni recopiée.</Trans>}>
        <Trans>Aucun numéro, aucune photographie. Seul le fait de l’avoir vue est inscrit.</Trans>
      </Note>
      <Check name="seen" required label={t`J’ai vu une pièce d’identité à ce nom`} />
      <CameraChecks
        legend={<Trans>Caméras du lieu que la personne a dit ; les autres sont dégelées</Trans>}
        cameras={request.cameras}
        nameOf={nameOf}
        chosen={cameras}
        onChange={setCameras}
      />
    </ActButton>
  );
}

function ExtensionAct({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  return (
    <ActButton
      label={<Trans>Prolonger le délai</Trans>}
      title={<Trans>Prolonger le délai de deux mois</Trans>}
      confirm={<Trans>Prolonger</Trans>}
      run={(data) => extendAnswer(request.id, textOf(data, "reason"))}
      stale={["request", "requests", "holds"]}
      done={t`Délai prolongé : imprimez la lettre qui le dit à la personne.`}
    >
      <p className="small dim">
        <Trans>Une seule fois, avant la fin du premier mois. La personne est informée du motif.</Trans>{" "}
        <RuleTag rule="P-85" />
      </p>
      <SelectField label={t`Motif`} name="reason" defaultValue="complexity">
        <option value="complexity">{t`Complexité de la demande`}</option>
        <option value="number">{t`Nombre de demandes`}</option>
      </SelectField>
    </ActButton>
  );
}
