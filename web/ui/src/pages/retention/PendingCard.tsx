import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { confirmAct, type PendingAct, pendingActsQuery, stopAct } from "../../api/pendingActs";
import { type Hold, holdsQuery } from "../../api/retention";
import { formatDateTime } from "../../i18n/format";
import { ActButton, Card, MotiveField, textOf } from "../../parts";
import { useActing } from "../../session/SessionContext";

const STALE = ["pending-acts", "holds", "retention", "requests"];

/** Acts that destroy or shorten: who asked, who agreed, when they take effect, and the way to stop them until then. */
export function PendingCard() {
  const { commune } = useActing();
  const pending = useQuery(pendingActsQuery(commune)).data ?? [];
  const holds = useQuery(holdsQuery(commune)).data ?? [];
  if (pending.length === 0) return null;
  return (
    <Card
      title={<Trans>Actes à deux personnes</Trans>}
      aside={<Trans>Ils s’arrêtent jusqu’à leur heure</Trans>}
    >
      <ul className="stack-s">
        {pending.map((one) => (
          <li key={one.id} className="row">
            <Pending one={one} commune={commune} holds={holds} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Pending({ one, commune, holds }: { one: PendingAct; commune: string; holds: readonly Hold[] }) {
  const { t } = useLingui();
  const what = useWords(one, holds);
  return (
    <>
      <div className="grow">
        <strong>{what}</strong>
        <br />
        <small>
          {one.effective_us === null ? (
            <Trans>
              Demandé par {one.asked_by}. Attend un second accord, jusqu’au{" "}
              {formatDateTime(one.confirm_by_us)}.
            </Trans>
          ) : (
            <Trans>
              Demandé par {one.asked_by}, confirmé par {one.confirmed_by}. Prend effet le{" "}
              {formatDateTime(one.effective_us)}.
            </Trans>
          )}
        </small>
      </div>
      {one.may_confirm ? (
        <ActButton
          label={<Trans>Confirmer…</Trans>}
          size="s"
          danger
          title={<Trans>Confirmer : {what}</Trans>}
          confirm={<Trans>Donner le second accord</Trans>}
          run={() => confirmAct(commune, one.id)}
          stale={STALE}
          done={t`Confirmé.`}
        >
          <p>
            <Trans>Cela prend effet un jour plus tard, sans retour ; d’ici là, cela s’arrête ici.</Trans>
          </p>
        </ActButton>
      ) : null}
      {one.may_stop ? (
        <ActButton
          label={<Trans>Arrêter…</Trans>}
          size="s"
          title={<Trans>Arrêter : {what}</Trans>}
          confirm={<Trans>Arrêter cet acte</Trans>}
          run={(data) => stopAct(commune, one.id, textOf(data, "motive"))}
          stale={STALE}
          done={t`Arrêté : rien ne change.`}
        >
          <MotiveField />
        </ActButton>
      ) : null}
    </>
  );
}

function useWords(one: PendingAct, holds: readonly Hold[]): string {
  const { t } = useLingui();
  const named = (name: string) => String(one.args[name] ?? "");
  if (one.act === "release_hold") {
    const hold = holds.find(({ id }) => id === named("hold"));
    const reference = hold?.reference ?? named("hold");
    return t`Levée du gel ${reference}`;
  }
  if (one.act === "authorise_camera") {
    const camera = named("camera");
    return t`Rattachement de ${camera} à un arrêté qui garde moins longtemps`;
  }
  const reference = named("reference");
  return t`Arrêté ${reference}, qui garde moins longtemps`;
}
