import { Trans, useLingui } from "@lingui/react/macro";
import { LifeBuoy } from "lucide-react";
import { useState } from "react";
import { approveRecovery, type PersonAccess, type Recovery } from "../../api/access";
import { nowUs } from "../../i18n/format";
import { ActButton, MotiveField, Note, TimeText, textOf } from "../../parts";
import { useActing, useSession } from "../../session/SessionContext";

interface RecoveryPartProps {
  access: PersonAccess;
  person: string;
  label: string;
  self: boolean;
}

/** How far the recovery of an account is, and one approver’s own part of its code; nobody is shown it whole. */
export function RecoveryPart({ access, person, label, self }: RecoveryPartProps) {
  const [made, setMade] = useState<Recovery | null>(null);
  return (
    <>
      {made ? <OwnPart made={made} label={label} /> : null}
      <Progress access={access} />
      {self || access.code_until_us !== null ? null : (
        <div className="row">
          <Approve person={person} label={label} again={access.approved} onMade={setMade} />
        </div>
      )}
    </>
  );
}

/** The approver's part, shown once; they hand it over in person. */
function OwnPart({ made, label }: { made: Recovery; label: string }) {
  const { communes } = useSession();
  const missing = made.missing.map((id) => communes.find((one) => one.id === id)?.name ?? id).join(", ");
  return (
    <Note kind="warn" live title={<Trans>Votre partie du code, montrée une seule fois.</Trans>}>
      <p>
        <code translate="no">{made.part}</code>
      </p>
      <span>
        <Trans>
          Remettez-la vous-même à {label}, à personne d’autre. Chaque responsable remet la sienne : il les
          faut toutes.
        </Trans>
      </span>
      {missing ? (
        <span>
          <Trans>Il manque l’approbation d’un responsable de : {missing}.</Trans>
        </span>
      ) : null}
    </Note>
  );
}

function Progress({ access }: { access: PersonAccess }) {
  const { code_from_us: fromUs, code_until_us: untilUs } = access;
  const names = access.approved_by.join(", ");
  const title = names ? (
    <Trans>Rétablissement approuvé par : {names}.</Trans>
  ) : (
    <Trans>Un rétablissement est en cours.</Trans>
  );
  if (fromUs === null || untilUs === null) {
    if (!names) return null;
    return (
      <Note title={title}>
        <Trans>
          Il manque encore au moins une approbation. Il faut deux responsables différents, et un de chaque
          commune de la personne, dans la même journée.
        </Trans>
      </Note>
    );
  }
  return (
    <Note title={title}>
      <span>
        {fromUs > nowUs() ? (
          <Trans>
            Toutes les approbations sont là. Le code servira à partir du <TimeText us={fromUs} />, jusqu’au{" "}
            <TimeText us={untilUs} />. D’ici là, la personne peut l’arrêter d’une session encore ouverte.
          </Trans>
        ) : (
          <Trans>
            Toutes les approbations sont là. Le code sert dès maintenant, une seule fois, jusqu’au{" "}
            <TimeText us={untilUs} />.
          </Trans>
        )}
      </span>
    </Note>
  );
}

interface ApproveProps {
  person: string;
  label: string;
  /** This approver has a part already: the next one takes its place. */
  again: boolean;
  onMade: (made: Recovery) => void;
}

function Approve({ person, label, again, onMade }: ApproveProps) {
  const { t } = useLingui();
  const { commune } = useActing();
  return (
    <ActButton
      label={again ? <Trans>Refaire ma partie du code…</Trans> : <Trans>Rétablir l’accès…</Trans>}
      icon={LifeBuoy}
      grave
      title={<Trans>Rétablir l’accès de {label}</Trans>}
      confirm={<Trans>Approuver</Trans>}
      run={async (data) => onMade(await approveRecovery(commune, person, textOf(data, "motive")))}
      stale={["person-access"]}
      done={t`Approbation enregistrée.`}
    >
      <p>
        <Trans>
          Pour qui n’a plus de quoi se connecter. Deux responsables différents l’approuvent dans la même
          journée. Chacun reçoit une partie du code et la remet en main propre.
        </Trans>
      </p>
      <p>
        <Trans>
          Le compte d’un élu ou d’un détenteur de la clé attend un jour de plus, pendant lequel son titulaire
          peut tout arrêter. Quand le code sert, le mot de passe, les clés d’accès, le second facteur et les
          identités d’avant ne valent plus.
        </Trans>
      </p>
      {again ? (
        <p>
          <Trans>Vous avez déjà approuvé : la nouvelle partie remplacera la première.</Trans>
        </p>
      ) : null}
      <MotiveField label={t`Motif, et comment la personne a été reconnue`} />
    </ActButton>
  );
}
