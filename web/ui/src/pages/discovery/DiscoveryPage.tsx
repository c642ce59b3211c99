import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CirclePlus, Radar } from "lucide-react";
import {
  declarePrefix,
  discover,
  foundQuery,
  isOver,
  type Prefix,
  prefixesQuery,
  provisioningQuery,
} from "../../api/provisioning";
import { formatNumber } from "../../i18n/format";
import {
  ActButton,
  Button,
  buttonClass,
  Card,
  Check,
  EmptyState,
  Note,
  QueryView,
  Refusal,
  StateTag,
  TextField,
  textOf,
  useAttempt,
} from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { FoundTable } from "./FoundTable";
import { useOrder } from "./useOrder";

/** Looks for cameras inside the declared prefixes, and nowhere else (O-22). */
export function DiscoveryPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const client = useQueryClient();
  const prefixes = useQuery(prefixesQuery(commune));
  const orders = useQuery(provisioningQuery(commune));
  const latest = orders.data?.find((order) => order.kind === "discover");
  const followed = useOrder(latest && !isOver(latest) ? latest.id : undefined);
  const order = followed?.id === latest?.id ? (followed ?? latest) : latest;
  const running = order !== undefined && !isOver(order);
  const found = useQuery(foundQuery(commune, running));
  const { busy, error, attempt } = useAttempt();
  const start = async () => {
    await attempt(async () => {
      await discover(commune);
      await client.invalidateQueries({ queryKey: ["provisioning"] });
    });
  };
  const declared = prefixes.data ?? [];
  return (
    <>
      <PageHead
        title={t`Découverte des caméras`}
        lead={t`Seuls les préfixes déclarés par la commune sont interrogés, à un rythme limité.`}
        acts={
          <>
            <Link className={buttonClass()} to="/decouverte/declarer">
              <Trans>Déclarer une source RTSP</Trans>
            </Link>
            <Button
              kind="primary"
              icon={Radar}
              busy={busy}
              onClick={() => void start()}
              reason={
                running
                  ? t`Recherche en cours.`
                  : prefixes.data && declared.length === 0
                    ? t`Déclarez d’abord un préfixe.`
                    : undefined
              }
            >
              <Trans>Lancer la recherche</Trans>
            </Button>
          </>
        }
      />
      {error ? <Refusal error={error} /> : null}
      {order?.status === "failed" ? (
        <Note kind="danger" title={order.error.what ?? t`La recherche a échoué.`}>
          {order.error.todo ?? t`Relancez-la.`}
        </Note>
      ) : null}
      <div className="cols">
        <Card
          flush
          title={<FoundTitle count={found.data?.length ?? 0} />}
          aside={
            running && order ? (
              <StateTag state="running" />
            ) : order ? (
              <Trans>Dernière recherche terminée</Trans>
            ) : undefined
          }
        >
          <QueryView
            query={found}
            isEmpty={(devices) => devices.length === 0}
            empty={
              <EmptyState icon={Radar} title={<Trans>Aucun équipement trouvé</Trans>}>
                <p>
                  {running
                    ? t`La recherche continue ; chaque équipement s’ajoute ici dès sa réponse.`
                    : t`Déclarez les préfixes de la commune, puis lancez la recherche.`}
                </p>
              </EmptyState>
            }
          >
            {(devices) => <FoundTable devices={devices} />}
          </QueryView>
        </Card>
        <PrefixesCard prefixes={declared} pending={prefixes.isPending} order={order} running={running} />
      </div>
    </>
  );
}

/** Spoken at most when the number changes; the list itself never steals the focus. */
function FoundTitle({ count }: { count: number }) {
  return (
    <span role="status">
      <Plural
        value={count}
        _0="Équipements trouvés"
        one="# équipement trouvé"
        other="# équipements trouvés"
      />
    </span>
  );
}

interface PrefixesCardProps {
  prefixes: readonly Prefix[];
  pending: boolean;
  order: ReturnType<typeof useOrder>;
  running: boolean;
}

function PrefixesCard({ prefixes, pending, order, running }: PrefixesCardProps) {
  const { t } = useLingui();
  const { commune } = useActing();
  const done = order?.progress.done ?? 0;
  const total = order?.progress.total ?? 0;
  return (
    <Card title={<Trans>Préfixes déclarés</Trans>}>
      {running && total > 0 ? (
        <div className="stack-s">
          <progress className="bar" value={done} max={total} aria-label={t`Avancement de la recherche`} />
          <p className="small dim">
            <Trans>
              {formatNumber(done)} adresses sur {formatNumber(total)}
            </Trans>
          </p>
        </div>
      ) : null}
      {prefixes.length === 0 && !pending ? (
        <p className="small dim">
          <Trans>Aucun. Sans préfixe, rien n’est interrogé.</Trans>
        </p>
      ) : null}
      <ul className="stack-s">
        {prefixes.map((prefix) => (
          <li key={prefix.id} className="row row-between">
            <span>
              <b className="strong">{prefix.cidr}</b>
              <br />
              <span className="cap dim">
                <Plural value={prefix.addresses} one="# adresse" other="# adresses" />
                {prefix.trusted ? null : <Trans>, flux chiffrés exigés</Trans>}
              </span>
            </span>
            <StateTag state={prefix.trusted ? "trusted" : "untrusted"} />
          </li>
        ))}
      </ul>
      <ActButton
        label={<Trans>Déclarer un préfixe</Trans>}
        icon={CirclePlus}
        title={<Trans>Déclarer un préfixe réseau</Trans>}
        confirm={<Trans>Déclarer ce préfixe</Trans>}
        run={(data) => declarePrefix(commune, textOf(data, "cidr"), data.get("trusted") === "on")}
        stale={["prefixes"]}
        done={t`Préfixe déclaré.`}
      >
        <TextField
          label={t`Préfixe`}
          name="cidr"
          required
          autoComplete="off"
          spellCheck={false}
          placeholder="10.42.16.0/24"
          help={t`Notation CIDR. Les caméras ne sont cherchées nulle part ailleurs.`}
        />
        <Check name="trusted" label={t`Réseau maîtrisé de bout en bout par la commune ou son hébergeur`} />
        <p className="small dim">
          <Trans>Hors réseau maîtrisé, une caméra sans chiffrement est refusée (règle A-01).</Trans>
        </p>
      </ActButton>
    </Card>
  );
}
