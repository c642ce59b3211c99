import { Trans, useLingui } from "@lingui/react/macro";
import { Pause, Play } from "lucide-react";
import { type Habilitation, resume, suspend } from "../../api/people";
import { dayEnd } from "../../i18n/format";
import { ActButton, MotiveField, RuleTag, textOf } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { useSession } from "../../session/SessionContext";

const STALE = ["people", "rights"];

/** Lets an habilitation rest with its motive, or gives it back; nobody's own (P-53, P-58). */
export function SuspendActs({ habilitation, label }: { habilitation: Habilitation; label: string }) {
  const { t } = useLingui();
  const self = useSession().person.id;
  if (habilitation.person === self) return null;
  if (habilitation.suspended) {
    return (
      <ActButton
        label={<Trans>Lever la suspension…</Trans>}
        icon={Play}
        wide
        title={<Trans>Lever la suspension de {label}</Trans>}
        confirm={<Trans>Lever la suspension</Trans>}
        run={() => resume(habilitation.id)}
        stale={STALE}
        done={t`Suspension levée.`}
      >
        <p>
          <Trans>Chaque autre élément de l’habilitation doit encore être rempli.</Trans>{" "}
          <RuleTag rule="P-58" />
        </p>
      </ActButton>
    );
  }
  return (
    <ActButton
      label={<Trans>Suspendre…</Trans>}
      icon={Pause}
      wide
      danger
      title={<Trans>Suspendre l’habilitation de {label}</Trans>}
      confirm={<Trans>Confirmer la suspension</Trans>}
      run={(data) => {
        const until = textOf(data, "until");
        return suspend(habilitation.id, textOf(data, "motive"), until ? dayEnd(until) : null);
      }}
      stale={STALE}
      done={t`Habilitation suspendue : les vues de ${label} s’éteignent.`}
    >
      <p>
        <Trans>En moins de 5 secondes ses vues s’éteignent. La décision reste ; la suspension se lève.</Trans>{" "}
        <RuleTag rule="P-53" />
      </p>
      <MotiveField minLength={3} help={t`Sans détail sur la personne.`} />
      <DateField
        label={t`Jusqu’au, inclus (facultatif)`}
        name="until"
        help={t`Sans date : jusqu’à ce qu’elle soit levée.`}
      />
    </ActButton>
  );
}
