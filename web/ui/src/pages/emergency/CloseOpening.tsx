import { Trans, useLingui } from "@lingui/react/macro";
import { DoorOpen } from "lucide-react";
import { closeEmergency, type Emergency } from "../../api/emergencies";
import { ActButton, MotiveField, textOf } from "../../parts";
import { useActing } from "../../session/SessionContext";

/** Ends an opening, or what was asked of one, before its time: its views are dark within five seconds (decision 0016). */
export function CloseOpening({ one }: { one: Emergency }) {
  const { t } = useLingui();
  const { commune } = useActing();
  return (
    <ActButton
      label={<Trans>Y mettre fin…</Trans>}
      kind="danger"
      icon={DoorOpen}
      danger
      title={<Trans>Mettre fin à l’ouverture exceptionnelle</Trans>}
      confirm={<Trans>Mettre fin</Trans>}
      run={(data) => closeEmergency(commune, one.id, textOf(data, "motive"))}
      stale={["emergencies", "journal"]}
      done={
        one.state === "open"
          ? t`Ouverture close : ses vues s’éteignent.`
          : t`Demande close : rien ne s’ouvre.`
      }
    >
      <p>
        {one.state === "open" ? (
          <Trans>Ses vues s’éteignent en moins de 5 secondes.</Trans>
        ) : (
          <Trans>La deuxième signature ne sera plus possible.</Trans>
        )}
      </p>
      <MotiveField />
    </ActButton>
  );
}
