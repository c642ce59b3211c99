import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { History, Signature } from "lucide-react";
import { confirmEmergency, type Emergency } from "../../api/emergencies";
import { formatDateTime, formatDuration, formatSpan, formatTime, US_PER_S } from "../../i18n/format";
import { ActButton, buttonClass, Card, Facts, StateTag, useNow } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { CloseOpening } from "./CloseOpening";
import { useCameraNames } from "./useCameraNames";

const MINUTE_US = 60 * US_PER_S;

/** What is asked or open now: exactly what, by whom, until when, and what the reader may do about it. */
export function OpeningCard({ one, nowUs }: { one: Emergency; nowUs: number }) {
  const { t } = useLingui();
  const namesOf = useCameraNames();
  const open = one.state === "open";
  const now = Math.max(useNow(), nowUs);
  const endUs = open ? (one.until_us ?? nowUs) : one.sign_by_us;
  const left = Math.max(0, Math.ceil((endUs - now) / MINUTE_US) * MINUTE_US);
  return (
    <Card
      title={open ? t`Ouverture en cours` : t`Attend la deuxième signature`}
      aside={
        <StateTag state={open ? "warning" : "to-decide"}>
          {open ? t`Ouverte, reste ${formatDuration(left)}` : t`Signer avant ${formatTime(endUs)}`}
        </StateTag>
      }
    >
      <Facts
        items={[
          { label: t`Caméras`, value: namesOf(one.cameras) },
          { label: t`Plage`, value: formatSpan(one.from_us, one.to_us) },
          { label: t`Durée demandée`, value: formatDuration(one.minutes * MINUTE_US) },
          { label: t`Motif`, value: one.motive },
          { label: t`Demandée par`, value: t`${one.asked_by}, le ${formatDateTime(one.asked_us)}` },
          one.opened_us === null
            ? { label: t`Confirmée par`, value: t`personne encore : rien n’est ouvert` }
            : {
                label: t`Confirmée par`,
                value: t`${one.confirmed_by}, le ${formatDateTime(one.opened_us)}`,
              },
          open && one.until_us !== null ? { label: t`Jusqu’au`, value: formatDateTime(one.until_us) } : null,
        ]}
      />
      <div className="row">
        {one.may_confirm ? <ConfirmAct one={one} /> : null}
        {open && one.yours ? (
          <Link
            className={buttonClass()}
            to="/relecture"
            search={{ cameras: one.cameras.join(","), t: one.from_us } as never}
          >
            <History className="ic" aria-hidden />
            <Trans>Relire cette plage</Trans>
          </Link>
        ) : null}
        {one.may_close ? <CloseOpening one={one} /> : null}
      </div>
    </Card>
  );
}

function ConfirmAct({ one }: { one: Emergency }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const namesOf = useCameraNames();
  const cameras = namesOf(one.cameras);
  const span = formatSpan(one.from_us, one.to_us);
  const length = formatDuration(one.minutes * MINUTE_US);
  const { asked_by: first } = one;
  return (
    <ActButton
      label={<Trans>Confirmer l’ouverture…</Trans>}
      kind="primary"
      icon={Signature}
      grave
      title={<Trans>Confirmer l’ouverture exceptionnelle</Trans>}
      confirm={<Trans>Signer et ouvrir</Trans>}
      run={() => confirmEmergency(commune, one.id)}
      stale={["emergencies", "journal"]}
      done={t`Ouverte. Le maire et le délégué à la protection des données sont avertis.`}
    >
      <p>
        <Trans>
          Vous ouvrez, à {first} et à vous, la relecture de {cameras}, {span}, pendant {length}.
        </Trans>
      </p>
      <p className="small dim">
        <Trans>
          Vos deux noms, le motif et la plage sont au journal. Le maire et le délégué à la protection des
          données sont avertis aussitôt.
        </Trans>
      </p>
    </ActButton>
  );
}
