import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { HardDrive } from "lucide-react";
import type { Volume } from "../../api/storage";
import { formatBytes, formatDateTime, formatDuration } from "../../i18n/format";
import { Card, EmptyState, Facts, Figure, Note, RuleTag, StateTag } from "../../parts";
import { daysUntil, levelState, STALE_AFTER_US, spareState } from "./words";

/** Until when one volume is enough, and what happens then (P-35). */
export function Volumes({ volumes, nowUs }: { volumes: readonly Volume[]; nowUs: number }) {
  if (volumes.length === 0) {
    return (
      <EmptyState icon={HardDrive} level={2} title={<Trans>Aucune mesure</Trans>}>
        <p>
          <Trans>
            L’enregistreur mesure son volume dès qu’il tourne ; la première mesure prend une minute.
          </Trans>
        </p>
      </EmptyState>
    );
  }
  return volumes.map((volume) =>
    volume.id === "spare" ? (
      <SpareCard key={volume.id} volume={volume} nowUs={nowUs} />
    ) : (
      <VolumeCard key={volume.id} volume={volume} nowUs={nowUs} />
    ),
  );
}

/** The volume that takes the recordings while their own is away: standing by, in use and for how long, or of no use. */
function SpareCard({ volume, nowUs }: { volume: Volume; nowUs: number }) {
  const inUse = volume.level === "in-use" || volume.level === "stopping";
  return (
    <div className="stack">
      {inUse ? (
        <Note kind="danger" title={<Trans>Les enregistrements vont sur le volume de secours.</Trans>}>
          {volume.stop_us === null || volume.stop_us === undefined ? (
            <Trans>Le volume principal ne les prend plus. Prévenez l’hébergeur.</Trans>
          ) : (
            <Trans>
              Le volume principal ne les prend plus ; au débit mesuré il reste de la place pour{" "}
              {formatDuration(Math.max(0, volume.stop_us - nowUs))}. Prévenez l’hébergeur.
            </Trans>
          )}{" "}
          <RuleTag rule="P-35" />
        </Note>
      ) : volume.fault ? (
        <Note kind="warn" title={<Trans>Le volume de secours ne servirait à rien.</Trans>}>
          {volume.fault} <Trans>Prévenez l’hébergeur.</Trans>
        </Note>
      ) : null}
      <Card title={<Trans>Volume de secours</Trans>} aside={<StateTag {...spareState(volume.level)} />}>
        <Facts
          items={[
            { label: <Trans>Taille du volume</Trans>, value: formatBytes(volume.total_bytes) },
            { label: <Trans>Place libre</Trans>, value: formatBytes(volume.free_bytes) },
            { label: <Trans>Laissé libre</Trans>, value: formatBytes(volume.reserve_bytes) },
            { label: <Trans>Enregistrements</Trans>, value: formatBytes(volume.stored_bytes) },
            { label: <Trans>Mesuré le</Trans>, value: formatDateTime(volume.measured_us) },
          ]}
        />
      </Card>
    </div>
  );
}

function VolumeCard({ volume, nowUs }: { volume: Volume; nowUs: number }) {
  const stale = nowUs - volume.measured_us > STALE_AFTER_US;
  return (
    <div className="stack">
      {stale ? (
        <Note kind="warn" title={<Trans>Ces chiffres sont anciens.</Trans>}>
          <Trans>
            Dernière mesure le {formatDateTime(volume.measured_us)} : l’enregistreur est arrêté ou la base ne
            répond pas.
          </Trans>
        </Note>
      ) : null}
      <LevelNote volume={volume} nowUs={nowUs} />
      {volume.level === "wrong" ? null : <Figures volume={volume} nowUs={nowUs} />}
      <Card title={<Trans>Volume principal</Trans>} aside={<StateTag {...levelState(volume.level)} />}>
        <Facts
          items={[
            { label: <Trans>Taille du volume</Trans>, value: formatBytes(volume.total_bytes) },
            { label: <Trans>Place libre</Trans>, value: formatBytes(volume.free_bytes) },
            { label: <Trans>Réserve</Trans>, value: formatBytes(volume.reserve_bytes) },
            { label: <Trans>Enregistrements</Trans>, value: formatBytes(volume.stored_bytes) },
            {
              label: <Trans>Il en faudra</Trans>,
              value: (
                <Trans>
                  {formatBytes(volume.needed_bytes)} quand chaque caméra aura toute sa durée, au débit mesuré
                </Trans>
              ),
            },
            { label: <Trans>Mesuré le</Trans>, value: formatDateTime(volume.measured_us) },
          ]}
        />
      </Card>
    </div>
  );
}

function Figures({ volume, nowUs }: { volume: Volume; nowUs: number }) {
  const { t } = useLingui();
  return (
    <div className="cols-4 kpi">
      <Figure
        label={t`Avant la réserve`}
        value={<Left atUs={volume.reserve_us} nowUs={nowUs} />}
        detail={
          volume.reserve_us === null || volume.reserve_us === undefined
            ? t`le volume suffit au débit mesuré`
            : formatDateTime(volume.reserve_us)
        }
      />
      <Figure
        label={t`Avant l’arrêt`}
        value={<Left atUs={volume.stop_us} nowUs={nowUs} />}
        detail={
          volume.stop_us === null || volume.stop_us === undefined
            ? t`les images protégées y tiennent`
            : formatDateTime(volume.stop_us)
        }
      />
      <Figure
        label={t`Débit mesuré`}
        value={t`${formatBytes(volume.bytes_per_s)}/s`}
        detail={t`${formatBytes(volume.bytes_per_s * 86_400)} par jour`}
      />
      <Figure
        label={t`Place libre`}
        value={formatBytes(volume.free_bytes)}
        detail={<Fill volume={volume} />}
      />
    </div>
  );
}

/** How long until an instant, which may never come at the measured rates. */
function Left({ atUs, nowUs }: { atUs: number | null | undefined; nowUs: number }) {
  if (atUs === null || atUs === undefined) return <Trans>jamais</Trans>;
  const days = daysUntil(atUs, nowUs);
  if (days === 0) return formatDuration(Math.max(0, atUs - nowUs));
  return <Plural value={days} one="# jour" other="# jours" />;
}

function Fill({ volume }: { volume: Volume }) {
  const { t } = useLingui();
  const used = Math.max(0, volume.total_bytes - volume.free_bytes);
  return (
    <meter
      className="bar"
      min={0}
      max={Math.max(1, volume.total_bytes)}
      value={used}
      aria-label={t`Volume occupé`}
    >
      {formatBytes(used)}
    </meter>
  );
}

function LevelNote({ volume, nowUs }: { volume: Volume; nowUs: number }) {
  const first = Math.min(
    volume.reserve_us ?? Number.POSITIVE_INFINITY,
    volume.stop_us ?? Number.POSITIVE_INFINITY,
  );
  switch (volume.level) {
    case "wrong":
      return (
        <Note kind="danger" title={<Trans>Ce volume n’est pas utilisable.</Trans>}>
          {volume.fault} <Trans>Rien n’y est écrit en attendant. Prévenez l’hébergeur.</Trans>
        </Note>
      );
    case "stopping":
      return (
        <Note kind="danger" title={<Trans>Des caméras ne sont plus enregistrées, faute de place.</Trans>}>
          <Trans>
            Il ne reste que des images protégées par un gel ou par la durée minimale de l’arrêté. Le direct
            continue. Il faut agrandir le volume.
          </Trans>{" "}
          <RuleTag rule="P-35" />
        </Note>
      );
    case "reserve":
      return (
        <Note kind="danger" title={<Trans>La réserve est atteinte.</Trans>}>
          <Trans>
            Les images les plus anciennes qui ne sont ni gelées ni dans la durée minimale de l’arrêté partent
            avant leur échéance. Chaque perte est au journal.
          </Trans>{" "}
          <RuleTag rule="P-35" />
        </Note>
      );
    case "warn":
      return (
        <Note kind="warn" title={<Trans>Le volume sera plein dans {formatDuration(first - nowUs)}.</Trans>}>
          <Trans>
            Prévenez l’hébergeur : il faut agrandir le volume ou réduire la durée de conservation avant cette
            date.
          </Trans>{" "}
          <RuleTag rule="P-35" />
        </Note>
      );
    default:
      return null;
  }
}
