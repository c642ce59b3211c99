import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { recordCnil, recordOrder } from "../../api/authorisations";
import { waits } from "../../api/pendingActs";
import { purposesQuery } from "../../api/session";
import { dayEnd, dayStart, nowUs, toParisFields } from "../../i18n/format";
import { ActButton, Check, TextField, textOf } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { purposeWords } from "../../session/purposes";
import { useActing } from "../../session/SessionContext";
import { OrderTerms, termsOf } from "./OrderTerms";

/** Records an order as its text says. */
export function RecordOrderAct() {
  const { t } = useLingui();
  const { commune } = useActing();
  const purposes = useQuery(purposesQuery).data ?? [];
  return (
    <ActButton
      label={<Trans>Enregistrer un arrêté</Trans>}
      kind="primary"
      icon={Plus}
      title={<Trans>Enregistrer un arrêté du préfet</Trans>}
      confirm={<Trans>Enregistrer l’arrêté</Trans>}
      run={(data) =>
        recordOrder(commune, {
          reference: textOf(data, "reference"),
          prefect: textOf(data, "prefect"),
          from: dayStart(textOf(data, "from")) ?? 0,
          until: dayEnd(textOf(data, "until")) ?? 0,
          max_days: Number(textOf(data, "max_days")),
          min_days: textOf(data, "min_days") ? Number(textOf(data, "min_days")) : null,
          purposes: data.getAll("purposes").map(String),
          ...termsOf(data),
        })
      }
      stale={["authorisations", "cameras", "session", "pending-acts"]}
      done={(made) => (waits(made) ? t`Demandé : une autre personne confirme.` : t`Arrêté enregistré.`)}
    >
      <p className="small dim">
        <Trans>Recopiez le texte signé. Cinq ans au plus, trente jours de conservation au plus.</Trans>
      </p>
      <TextField
        label={t`Référence`}
        name="reference"
        required
        maxLength={120}
        autoComplete="off"
        placeholder="2022-0718"
      />
      <TextField label={t`Préfet signataire`} name="prefect" required maxLength={120} autoComplete="off" />
      <div className="form-2">
        <DateField label={t`Du`} name="from" required defaultValue={toParisFields(nowUs()).date} />
        <DateField label={t`Au, inclus`} name="until" required />
        <TextField label={t`Conservation, jours`} name="max_days" type="number" min={1} max={31} required />
        <TextField
          label={t`Minimum, jours (s’il y en a un)`}
          name="min_days"
          type="number"
          min={0}
          max={31}
        />
      </div>
      <fieldset className="stack-s">
        <legend>
          <Trans>Finalités (article L251-2)</Trans>
        </legend>
        {purposes.map((purpose) => (
          <Check key={purpose.id} name="purposes" value={purpose.id} label={purposeWords(purpose)} />
        ))}
      </fieldset>
      <OrderTerms />
    </ActButton>
  );
}

/** Records the commitment sent to the CNIL (P-23). */
export function CnilAct() {
  const { t } = useLingui();
  const { commune } = useActing();
  return (
    <ActButton
      label={<Trans>Noter</Trans>}
      size="s"
      title={<Trans>Engagement de conformité (CNIL)</Trans>}
      confirm={<Trans>Noter l’engagement</Trans>}
      run={(data) => recordCnil(commune, textOf(data, "reference"), dayStart(textOf(data, "date")) ?? 0)}
      stale={["authorisations", "cameras"]}
      done={t`Engagement noté.`}
    >
      <TextField
        label={t`Numéro de récépissé`}
        name="reference"
        required
        maxLength={120}
        autoComplete="off"
      />
      <DateField label={t`Adressé le`} name="date" required defaultValue={toParisFields(nowUs()).date} />
    </ActButton>
  );
}
