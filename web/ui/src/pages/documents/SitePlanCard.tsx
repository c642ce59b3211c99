import { Trans, useLingui } from "@lingui/react/macro";
import { FileDown, MapPinned, Upload } from "lucide-react";
import type { Documents } from "../../api/documents";
import { fileSitePlan, type SitePlan, sitePlanUrl } from "../../api/siting";
import { fileOf } from "../../api/upload";
import { formatBytes, formatDate, nowUs, toParisFields } from "../../i18n/format";
import {
  ActButton,
  buttonClass,
  Card,
  EmptyState,
  Facts,
  RuleTag,
  SelectField,
  TextField,
  textOf,
} from "../../parts";
import { DateField } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";

/** The *plan-masse* that no software can draw: filed, named by its digest in the request file, handed out (P-22). */
export function SitePlanCard({ data }: { data: Documents }) {
  const plans = data.site_plans ?? [];
  return (
    <Card title={<Trans>Plan-masse du dossier</Trans>} aside={<RuleTag rule="P-22" />}>
      <p className="small">
        <Trans>
          Les bâtiments de tiers dans le champ des caméras, avec leurs accès et leurs ouvertures. Le dossier
          de demande porte sa date et son empreinte ; le fichier se joint tel quel.
        </Trans>
      </p>
      {plans.length > 0 ? (
        <ul className="stack">
          {plans.map((plan) => (
            <li key={plan.order}>
              <Filed plan={plan} data={data} />
            </li>
          ))}
        </ul>
      ) : (
        <EmptyState icon={MapPinned} title={<Trans>Aucun plan-masse versé</Trans>}>
          <p>
            <Trans>Le dossier de demande le dit manquant.</Trans>
          </p>
        </EmptyState>
      )}
      {data.files_plans ? (
        <div className="row">
          <FileAct data={data} />
        </div>
      ) : null}
    </Card>
  );
}

function Filed({ plan, data }: { plan: SitePlan; data: Documents }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const order = data.orders.find((one) => one.id === plan.order);
  const of = order ? order.reference : t`Une première demande`;
  return (
    <div className="stack-s">
      <Facts
        items={[
          { label: t`Pour`, value: of },
          { label: t`Plan du`, value: formatDate(plan.drawn_us) },
          { label: t`Versé le`, value: formatDate(plan.filed_us) },
          { label: t`Empreinte`, value: <code>{plan.sha256.slice(0, 16)}…</code> },
        ]}
      />
      <div className="row">
        <a className={buttonClass({ size: "s" })} href={sitePlanUrl(commune, plan.sha256)} download>
          <FileDown className="ic" aria-hidden />
          <Trans>Enregistrer le plan, {formatBytes(plan.size_bytes)}</Trans>
        </a>
      </div>
    </div>
  );
}

function FileAct({ data }: { data: Documents }) {
  const { t } = useLingui();
  const { commune } = useActing();
  return (
    <ActButton
      label={<Trans>Verser un plan-masse…</Trans>}
      size="s"
      icon={Upload}
      title={<Trans>Verser un plan-masse</Trans>}
      confirm={<Trans>Verser</Trans>}
      run={(form) =>
        fileSitePlan(commune, {
          file: fileOf(form),
          date: textOf(form, "date"),
          order: textOf(form, "order"),
        })
      }
      stale={["documents", "journal"]}
      done={t`Plan versé : le dossier le nomme.`}
    >
      <p className="small dim">
        <Trans>Il remplace celui qui était versé pour le même arrêté.</Trans>
      </p>
      <SelectField label={t`Pour`} name="order" defaultValue={data.orders[0]?.id ?? ""}>
        <option value="">{t`Une première demande`}</option>
        {data.orders.map((order) => (
          <option key={order.id} value={order.id}>
            {order.reference}
          </option>
        ))}
      </SelectField>
      <TextField
        label={t`Fichier`}
        name="file"
        type="file"
        accept="application/pdf,image/jpeg,image/png"
        required
        help={t`PDF, JPEG ou PNG, 20 Mo au plus, sans mot de passe.`}
      />
      <DateField label={t`Plan du`} name="date" required defaultValue={toParisFields(nowUs()).date} />
    </ActButton>
  );
}
