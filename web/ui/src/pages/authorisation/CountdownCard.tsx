import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { Order } from "../../api/authorisations";
import { formatDate, nowUs } from "../../i18n/format";
import { RuleTag, StateTag } from "../../parts";
import { addMonths, endOfOrder, monthsAndDays } from "./dates";

/** The préfet's silence for four months is a rejection: later filing is useless (P-21). */
const SILENCE_MONTHS = 4;
/** From here on, renewal is to be filed (P-21). */
const WARNING_MONTHS = 8;

/** How long the order still holds, with the last useful filing date drawn. */
export function CountdownCard({ order }: { order: Order }) {
  const { t } = useLingui();
  const now = nowUs();
  const end = endOfOrder(order);
  const over = end <= now;
  const lastFiling = addMonths(end, -SILENCE_MONTHS);
  const soon = order.renew ?? addMonths(end, -WARNING_MONTHS) <= now;
  const left = monthsAndDays(now, Math.max(now, end));
  const share = (us: number) =>
    Math.min(100, Math.max(0, ((us - order.from_us) / (end - order.from_us)) * 100));
  return (
    <section className="card" aria-label={t`Échéance de l’arrêté ${order.reference}`}>
      <header>
        <div className="fig">
          <b>
            {over ? (
              <Trans>Arrêté échu</Trans>
            ) : (
              <>
                {left.months > 0 ? (
                  <>
                    <Plural value={left.months} one="# mois" other="# mois" />{" "}
                  </>
                ) : null}
                <Plural value={left.days} one="# jour" other="# jours" />
              </>
            )}
          </b>
          <span>
            {over ? (
              <Trans>Depuis le {formatDate(end)}, direct et enregistrement sont arrêtés.</Trans>
            ) : (
              <Trans>
                avant l’échéance du {formatDate(end)}. À cette date, direct et enregistrement s’arrêtent.
              </Trans>
            )}
          </span>
        </div>
        <StateTag state={over ? "expired" : soon ? "expiring" : "in-force"}>
          {over || !soon ? undefined : t`Renouvellement à déposer`}
        </StateTag>
      </header>
      <svg className="tl" height="72" aria-hidden="true">
        <rect className="lane" x="0" y="26" width="100%" height="14" rx="3" />
        <rect className="rec" x="0" y="26" width={`${share(now)}%`} height="14" rx="3" />
        <line className="head" x1={`${share(now)}%`} x2={`${share(now)}%`} y1="20" y2="48" />
        <text className="t1" x={`${share(now)}%`} y="14" textAnchor={share(now) > 50 ? "end" : "start"}>
          {t`Aujourd’hui`}
        </text>
        <line className="due" x1={`${share(lastFiling)}%`} x2={`${share(lastFiling)}%`} y1="22" y2="66" />
        <text className="duet" x={`${share(lastFiling)}%`} dx="-6" y="62" textAnchor="end">
          {t`${formatDate(lastFiling)} : dernier dépôt utile`}
        </text>
        <text x="0" y="62">
          {formatDate(order.from_us)}
        </text>
        <text className="t1" x="100%" y="14" textAnchor="end">
          {share(now) > 80 ? "" : formatDate(end)}
        </text>
      </svg>
      <p className="small dim">
        <Trans>
          Le silence du préfet pendant quatre mois vaut rejet : déposez avant le {formatDate(lastFiling)}.
        </Trans>{" "}
        <RuleTag rule="P-21" />
      </p>
    </section>
  );
}
