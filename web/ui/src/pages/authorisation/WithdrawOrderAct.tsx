import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Ban } from "lucide-react";
import { type Order, withdrawOrder } from "../../api/authorisations";
import { nowUs, toParisFields } from "../../i18n/format";
import { ActButton, TextField, textOf } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";
import { effectOf, endOfOrder } from "./dates";

/** The préfet took an order back; nothing for one that is over or already withdrawn (P-27). */
export function WithdrawOrderAct({ order, cameras }: { order: Order; cameras: number }) {
  const { t } = useLingui();
  const { commune } = useActing();
  if (order.withdrawn_us || endOfOrder(order) <= nowUs()) return null;
  return (
    <ActButton
      label={<Trans>Noter son retrait par le préfet…</Trans>}
      icon={Ban}
      kind="danger"
      size="s"
      danger
      grave
      title={<Trans>Retrait de l’arrêté {order.reference}</Trans>}
      confirm={<Trans>Confirmer le retrait</Trans>}
      run={(data) =>
        withdrawOrder(commune, order.id, textOf(data, "reference"), effectOf(textOf(data, "date")))
      }
      stale={["authorisations", "cameras", "camera", "session"]}
      done={t`Retrait noté.`}
    >
      <p className="small">
        <Plural
          value={cameras}
          one="À cette date, direct et enregistrement s’arrêtent pour # caméra. Ce qui est enregistré suit son terme."
          other="À cette date, direct et enregistrement s’arrêtent pour # caméras. Ce qui est enregistré suit son terme."
        />
      </p>
      <TextField label={t`Décision du préfet`} name="reference" required maxLength={120} autoComplete="off" />
      <DateField label={t`À compter du`} name="date" required defaultValue={toParisFields(nowUs()).date} />
    </ActButton>
  );
}
