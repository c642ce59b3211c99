import { Trans, useLingui } from "@lingui/react/macro";
import { Braces, FileDown, Sheet } from "lucide-react";
import { type FormEvent, useRef } from "react";
import type { DocumentForm, DocumentKind, Documents } from "../../api/documents";
import { toParisFields } from "../../i18n/format";
import { typesetFrench } from "../../i18n/typeset";
import { Button, Card, Refusal, RuleTag, SelectField } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { useMaking } from "./useMaking";

const DAY_US = 86_400_000_000;
/** Days of the register that are proposed first. */
const WEEK_DAYS = 6;

/** One document: what it is for, what there is to choose, and its three forms. */
export function DocumentCard({ document, data }: { document: DocumentKind; data: Documents }) {
  const { t, i18n } = useLingui();
  const { busy, problem, make } = useMaking(document.kind);
  const form = useRef<HTMLFormElement>(null);
  const french = i18n.locale === "fr";
  const title = french ? document.fr : document.en;

  const save = (as: DocumentForm) => {
    if (!form.current?.reportValidity()) return;
    const asked: Record<string, string> = { form: as };
    for (const [name, value] of new FormData(form.current)) asked[name] = String(value);
    void make(asked);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save("pdf");
  };

  return (
    <Card title={title} aside={<RuleTag rule={document.rule} />}>
      <p className="small">{french ? typesetFrench(document.use_fr) : document.use_en}</p>
      <form ref={form} className="stack" onSubmit={submit} aria-label={title}>
        <Choice document={document} data={data} />
        <div className="row">
          <Button type="submit" size="s" kind="primary" icon={FileDown} busy={busy}>
            {busy ? t`Composition…` : t`PDF/A`}
          </Button>
          <Button size="s" icon={Braces} busy={busy} onClick={() => save("json")}>
            <Trans>Données</Trans>
          </Button>
          <Button size="s" icon={Sheet} busy={busy} onClick={() => save("csv")}>
            <Trans>Tableur</Trans>
          </Button>
        </div>
      </form>
      {problem ? <Refusal error={problem} /> : null}
    </Card>
  );
}

/** What the document is about, in fields that the server names. */
function Choice({ document, data }: { document: DocumentKind; data: Documents }) {
  const { t } = useLingui();
  const day = (us: number) => toParisFields(us).date;
  const today = day(data.now_us);
  const first = day(Math.max(data.founded_us, data.now_us - WEEK_DAYS * DAY_US));
  if (document.when === "day") {
    return <DateField label={t`Au`} name="day" required defaultValue={today} />;
  }
  if (document.when === "days") {
    return (
      <div className="form-2">
        <DateField label={t`Du`} name="first" required defaultValue={first} />
        <DateField label={t`Au, inclus`} name="last" required defaultValue={today} />
      </div>
    );
  }
  if (document.when === "year") {
    return (
      <SelectField label={t`Année`} name="year">
        {yearsOf(data).map((year) => (
          <option key={year} value={year}>
            {year}
          </option>
        ))}
      </SelectField>
    );
  }
  if (document.when === "order") {
    return (
      <SelectField label={t`Pour`} name="order">
        <option value="">{t`Une première demande`}</option>
        {data.orders.map((order) => (
          <option key={order.id} value={order.id}>
            {order.reference}
          </option>
        ))}
      </SelectField>
    );
  }
  return null;
}

/** The years since the commune is here, newest first. */
function yearsOf(data: Documents): number[] {
  const year = (us: number) => Number(toParisFields(us).date.slice(0, 4));
  const last = year(data.now_us);
  return Array.from({ length: last - year(data.founded_us) + 1 }, (_, at) => last - at);
}
