import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BadgeCheck } from "lucide-react";
import {
  type Authorisations,
  authorisationsQuery,
  type Modification,
  type Order,
} from "../../api/authorisations";
import { type Camera, camerasQuery } from "../../api/cameras";
import { purposesQuery } from "../../api/session";
import { formatDate, nowUs } from "../../i18n/format";
import {
  buttonClass,
  Card,
  type CheckItem,
  Checklist,
  EmptyState,
  Note,
  QueryView,
  RuleTag,
  StateTag,
} from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { CountdownCard } from "./CountdownCard";
import { endOfOrder } from "./dates";
import { InformAct } from "./InformAct";
import { OrderCard, OtherCard } from "./OrderCards";
import { PoolingCards } from "./PoolingCard";
import { CnilAct, RecordOrderAct } from "./RecordActs";

/** The prefectural authorisation: how long it holds, what it allows, what must precede any image. */
export function AuthorisationPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(authorisationsQuery(commune));
  const manages = useRole("chief", "mayor", "deputy");
  const reads = useRole("chief", "mayor", "deputy", "auditor", "inspector");
  return (
    <>
      <PageHead
        title={t`Autorisation préfectorale`}
        lead={t`Sans arrêté en vigueur, aucune caméra n’émet ni n’enregistre.`}
        acts={
          <>
            {reads ? (
              <Link className={buttonClass()} to="/mutualisation">
                <Trans>Mutualisation et conventions</Trans>
              </Link>
            ) : null}
            {manages ? <RecordOrderAct /> : null}
          </>
        }
      />
      <QueryView
        query={query}
        isEmpty={(data) => data.orders.length === 0}
        empty={
          <div className="stack">
            <div className="card">
              <EmptyState icon={BadgeCheck} level={2} title={<Trans>Aucun arrêté enregistré</Trans>}>
                <p>
                  <Trans>Enregistrez l’arrêté du préfet : ses finalités, sa conservation et ses dates.</Trans>{" "}
                  <RuleTag rule="P-20" />
                </p>
              </EmptyState>
            </div>
            {query.data ? <BeforeAnyImage data={query.data} /> : null}
          </div>
        }
      >
        {(data) => <Orders data={data} />}
      </QueryView>
    </>
  );
}

/** The order in force with the latest end first, not the one that will follow it; then the others. */
function sorted(orders: readonly Order[]): Order[] {
  const now = nowUs();
  const begun = (one: Order) => Number(one.from_us <= now);
  return [...orders].sort((a, b) => begun(b) - begun(a) || endOfOrder(b) - endOfOrder(a));
}

function Orders({ data }: { data: Authorisations }) {
  const [first, ...others] = sorted(data.orders);
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  if (!first) return null;
  return (
    <>
      <CountdownCard order={first} />
      <WaitingChanges changes={data.modifications ?? []} cameras={cameras} />
      <div className="cols">
        <div className="stack">
          <PurposesCard order={first} cameras={cameras} />
          <BeforeAnyImage data={data} />
        </div>
        <div className="stack">
          <OrderCard order={first} orders={data.orders} cameras={cameras} />
          <PoolingCards />
          {others.map((order) => (
            <OtherCard key={order.id} order={order} orders={data.orders} cameras={cameras} />
          ))}
        </div>
      </div>
    </>
  );
}

/** Changes that wait for a new order: their cameras are dark (P-27). */
function WaitingChanges({
  changes,
  cameras,
}: {
  changes: readonly Modification[];
  cameras: readonly Camera[];
}) {
  const { i18n } = useLingui();
  if (changes.length === 0) return null;
  const nameOf = (id: string) => cameras.find((camera) => camera.id === id)?.name ?? id;
  return (
    <Note kind="warn" title={<Trans>Des caméras attendent un nouvel arrêté.</Trans>}>
      <ul>
        {changes.map((one) => (
          <li key={one.id}>
            {nameOf(one.camera)} : {i18n.locale === "en" ? one.en : one.fr}, {formatDate(one.declared_us)}
          </li>
        ))}
      </ul>
      <RuleTag rule="P-27" />
    </Note>
  );
}

function PurposesCard({ order, cameras }: { order: Order; cameras: readonly Camera[] }) {
  const { t, i18n } = useLingui();
  const purposes = useQuery(purposesQuery).data ?? [];
  return (
    <Card
      title={<Trans>Finalités autorisées</Trans>}
      aside={<Trans>Elles seules peuvent servir de motif</Trans>}
    >
      <ul className="purposes stack-s">
        {order.purposes.map((id) => {
          const purpose = purposes.find((one) => one.id === id);
          const count = cameras.filter(
            ({ legal }) => legal.order === order.id && legal.purposes.includes(id),
          ).length;
          return (
            <li key={id} className="row">
              <span className="tag">{id}°</span>
              <span className="strong purpose-word">{i18n.locale === "en" ? purpose?.en : purpose?.fr}</span>
              <span className="push small dim">
                <Plural value={count} one="# caméra" other="# caméras" />
                {purpose ? <> · {purpose.regime === "rgpd" ? t`RGPD` : t`police-justice`}</> : null}
              </span>
            </li>
          );
        })}
      </ul>
      <RuleTagLine />
    </Card>
  );
}

function RuleTagLine() {
  return (
    <p className="small dim">
      <Trans>Chaque consultation porte une de ces finalités au journal.</Trans> <RuleTag rule="P-02" />
    </p>
  );
}

function BeforeAnyImage({ data }: { data: Authorisations }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const manages = useRole("chief", "mayor", "deputy");
  const cameras = (useQuery(camerasQuery(commune)).data ?? []).filter(
    (camera) => camera.legal.state !== "retired",
  );
  const panels = cameras.filter((camera) => camera.legal.panel).length;
  const told = cameras.filter((camera) => camera.legal.prefect_informed_us).length;
  const inForce = data.orders.some((order) => order.from_us <= nowUs() && nowUs() < endOfOrder(order));
  const items: CheckItem[] = [
    {
      key: "order",
      state: inForce ? "ok" : "danger",
      label: t`Arrêté du préfet en vigueur`,
      rule: "P-20",
    },
    {
      key: "cnil",
      state: data.cnil ? "ok" : "todo",
      label: t`Engagement de conformité adressé à la CNIL`,
      detail: data.cnil
        ? t`${data.cnil.reference}, le ${formatDate(data.cnil.date_us)}`
        : t`Exigé avant la première image.`,
      rule: "P-23",
      action: data.cnil || !manages ? undefined : <CnilAct />,
    },
    {
      key: "public",
      state: data.public.controller && data.public.rights ? "ok" : "todo",
      label: t`Page publique renseignée`,
      detail: (
        <Link to="/information/$commune" params={{ commune }}>
          <Trans>Voir la page publique</Trans>
        </Link>
      ),
      rule: "P-81",
      action: manages ? <InformAct told={data.public} /> : undefined,
    },
    {
      key: "panels",
      state: cameras.length > 0 && panels === cameras.length ? "ok" : "todo",
      label: t`Panneaux d’information posés`,
      detail: t`${panels} caméras sur ${cameras.length}`,
      action: (
        <Link className={buttonClass({ size: "s" })} to="/information/$commune/panneau" params={{ commune }}>
          <Trans>Panneau à imprimer</Trans>
        </Link>
      ),
      rule: "P-80",
    },
    {
      key: "prefect",
      state: cameras.length > 0 && told === cameras.length ? "ok" : "todo",
      label: t`Préfet informé avant la mise en service`,
      detail: t`${told} caméras sur ${cameras.length}`,
      rule: "P-24",
    },
  ];
  const done = items.filter((item) => item.state === "ok").length;
  return (
    <Card
      title={<Trans>Avant toute image</Trans>}
      aside={
        <StateTag state={done === items.length ? "done" : "todo"}>
          <Trans>
            {done} sur {items.length}
          </Trans>
        </StateTag>
      }
    >
      <Checklist items={items} label={t`Avant toute image`} />
    </Card>
  );
}
