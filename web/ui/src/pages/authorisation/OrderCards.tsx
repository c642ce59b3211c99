import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { Order } from "../../api/authorisations";
import type { Camera } from "../../api/cameras";
import { formatDate, nowUs } from "../../i18n/format";
import { Card, type Fact, Facts, RuleTag, StateTag } from "../../parts";
import { ROLE_WORDS } from "../../session/roles";
import { useRole } from "../../session/SessionContext";
import { endOfOrder } from "./dates";
import { WithdrawOrderAct } from "./WithdrawOrderAct";

interface OrderProps {
  order: Order;
  orders: readonly Order[];
  cameras: readonly Camera[];
}

/** What an order fixes, as its text says. */
function useOrderFacts({ order, orders, cameras }: OrderProps): (Fact | null)[] {
  const { t, i18n } = useLingui();
  const nameOf = (id: string) => cameras.find((camera) => camera.id === id)?.name ?? id;
  const former = orders.find((one) => one.id === order.replaces);
  const later = orders.find((one) => one.replaces === order.id);
  return [
    order.min_days
      ? { label: t`Minimum`, value: <Plural value={order.min_days} one="# jour" other="# jours" /> }
      : null,
    order.cameras.length > 0
      ? { label: t`Caméras citées`, value: order.cameras.map(nameOf).join(", ") }
      : null,
    order.allowed_roles.length > 0
      ? {
          label: t`Personnes`,
          value: order.allowed_roles.map((role) => i18n._(ROLE_WORDS[role])).join(" ; "),
        }
      : null,
    order.recipients && order.recipients.length > 0
      ? {
          label: t`Destinataires`,
          value: order.recipients.map((one) => (i18n.locale === "en" ? one.en : one.fr)).join(" ; "),
        }
      : null,
    order.modalities ? { label: t`Modalités`, value: order.modalities } : null,
    order.regime === "lieu_ouvert" ? { label: t`Régime`, value: t`Lieu ouvert au public` } : null,
    order.provisional ? { label: t`Durée`, value: t`Provisoire, quatre mois au plus` } : null,
    former ? { label: t`Remplace`, value: former.reference } : null,
    later ? { label: t`Remplacé par`, value: later.reference } : null,
    order.withdrawn_us
      ? { label: t`Retrait`, value: t`${order.withdrawn_ref ?? ""}, le ${formatDate(order.withdrawn_us)}` }
      : null,
    order.document_sha256
      ? { label: t`Empreinte du texte`, value: <code>{order.document_sha256.slice(0, 16)}…</code> }
      : null,
  ];
}

/** The order that counts most now. */
export function OrderCard(props: OrderProps) {
  const { order, cameras } = props;
  const { t } = useLingui();
  const facts = useOrderFacts(props);
  const manages = useRole("chief", "mayor", "deputy");
  const under = cameras.filter((camera) => camera.legal.order === order.id);
  const inService = under.filter((camera) => camera.legal.state === "in_service").length;
  return (
    <Card title={<Trans>Ce que fixe l’arrêté</Trans>}>
      <div className="fig">
        <b>
          <Plural value={order.max_days} one="# jour" other="# jours" />
        </b>
        <span>
          <Trans>de conservation, un mois au plus selon la loi</Trans> <RuleTag rule="P-30" />
        </span>
      </div>
      <Facts
        items={[
          { label: t`Référence`, value: order.reference },
          { label: t`Signé par`, value: order.prefect },
          { label: t`Caméras`, value: t`${under.length} rattachées, ${inService} en service` },
          ...facts,
        ]}
      />
      {manages ? (
        <div className="row">
          <WithdrawOrderAct order={order} cameras={under.length} />
        </div>
      ) : null}
    </Card>
  );
}

/** Another order of the commune: before, after or beside the first. */
export function OtherCard(props: OrderProps) {
  const { order, cameras } = props;
  const { t } = useLingui();
  const facts = useOrderFacts(props);
  const manages = useRole("chief", "mayor", "deputy");
  const over = endOfOrder(order) <= nowUs();
  const state = order.withdrawn_us ? "withdrawn" : order.from_us > nowUs() ? "not-yet" : "in-force";
  const under = cameras.filter((camera) => camera.legal.order === order.id).length;
  return (
    <Card
      dense
      level={3}
      title={order.reference}
      aside={
        <StateTag state={over && !order.withdrawn_us ? "expired" : state}>
          {order.withdrawn_us ? t`Retiré par le préfet` : undefined}
        </StateTag>
      }
    >
      <Facts
        items={[
          { label: t`Du`, value: formatDate(order.from_us) },
          { label: t`Au`, value: formatDate(endOfOrder(order)) },
          ...facts,
        ]}
      />
      {manages ? (
        <div className="row">
          <WithdrawOrderAct order={order} cameras={under} />
        </div>
      ) : null}
    </Card>
  );
}
