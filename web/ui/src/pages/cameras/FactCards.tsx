import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { Camera, StreamHealth } from "../../api/cameras";
import { formatDate, formatNumber, nowUs } from "../../i18n/format";
import { Card, Facts, RuleTag, StateTag, TimeText } from "../../parts";
import { causeWords, codecWords, streamState } from "./words";

/** Law, picture and private zones, side by side. */
export function FactCards({ camera }: { camera: Camera }) {
  return (
    <div className="cols-3">
      <LawCard camera={camera} />
      <PictureCard camera={camera} />
      <ZonesCard camera={camera} />
    </div>
  );
}

function LawCard({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const { legal } = camera;
  return (
    <Card
      title={<Trans>Droit</Trans>}
      aside={legal.order ? <StateTag state="in-force" /> : <StateTag state="todo" />}
    >
      <Facts
        items={[
          { label: t`Arrêté`, value: legal.order_reference || legal.order || t`aucun` },
          legal.purposes?.length
            ? { label: t`Finalités`, value: legal.purposes.map((purpose) => `${purpose}°`).join(", ") }
            : null,
          legal.retention_days
            ? {
                label: t`Conservation`,
                value: <Plural value={legal.retention_days} one="# jour" other="# jours" />,
              }
            : null,
          {
            label: t`Panneau`,
            value: legal.panel ? `${formatDate(legal.panel.date_us)}, ${legal.panel.place}` : t`non posé`,
          },
          {
            label: t`Préfet informé`,
            value: legal.prefect_informed_us ? t`le ${formatDate(legal.prefect_informed_us)}` : t`pas encore`,
          },
          {
            label: t`Plan`,
            value:
              typeof legal.narrow === "boolean"
                ? legal.narrow
                  ? legal.fast_flows
                    ? t`étroit, flux rapides`
                    : t`étroit`
                  : t`large`
                : t`non déclaré`,
          },
        ]}
      />
    </Card>
  );
}

function streamWords(stream: StreamHealth | undefined, profile: Camera["main_profile"]): string {
  const width = stream?.width || profile.width;
  const height = stream?.height || profile.height;
  if (!width || !height) return "—";
  const codec = codecWords(stream?.codec || profile.codec);
  return [`${width} × ${height}`, codec].filter(Boolean).join(", ");
}

function PictureCard({ camera }: { camera: Camera }) {
  const { t, i18n } = useLingui();
  const main = camera.streams.find((stream) => stream.stream === "main");
  const sub = camera.streams.find((stream) => stream.stream === "sub");
  const cause = main?.cause ? causeWords(main.cause) : "";
  const fps = main?.fps || camera.main_profile.fps;
  return (
    <Card title={<Trans>Image</Trans>} aside={<StateTag state={streamState(main, nowUs())} />}>
      <Facts
        items={[
          { label: t`Flux principal`, value: streamWords(main, camera.main_profile) },
          { label: t`Flux secondaire`, value: streamWords(sub, camera.sub_profile) },
          fps ? { label: t`Cadence`, value: t`${formatNumber(Math.round(fps))} images/s` } : null,
          main?.kbps ? { label: t`Débit`, value: `${formatNumber(Math.round(main.kbps))} kbit/s` } : null,
          cause ? { label: t`Cause`, value: typeof cause === "string" ? cause : i18n._(cause) } : null,
          main && main.last_unit_us > 0
            ? { label: t`Dernière image`, value: <TimeText us={main.last_unit_us} form="seconds" /> }
            : null,
          { label: t`Horloge`, value: t`écart ${formatNumber(Math.abs(camera.clock_offset_ms))} ms` },
          {
            label: t`Son`,
            value: (
              <>
                {t`jamais demandé`} <RuleTag rule="P-06" />
              </>
            ),
          },
          { label: t`Chiffrement`, value: camera.tls ? "TLS" : t`aucun, préfixe maîtrisé exigé` },
        ]}
      />
    </Card>
  );
}

function ZonesCard({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const { zone_set: zones, masks } = camera.legal;
  return (
    <Card
      title={<Trans>Zones privées</Trans>}
      aside={zones ? <StateTag state="verified">{t`Validées`}</StateTag> : <StateTag state="todo" />}
    >
      <Facts
        items={[
          zones
            ? {
                label: t`Jeu`,
                value:
                  zones.polygons.length > 0 ? (
                    <>
                      {t`version ${zones.version}`},{" "}
                      <Plural value={zones.polygons.length} one="# zone" other="# zones" />
                    </>
                  ) : (
                    t`version ${zones.version}, aucune habitation en vue`
                  ),
              }
            : { label: t`Jeu`, value: t`aucun en vigueur` },
          zones && zones.polygons.length > 0
            ? { label: t`Méthode`, value: t`masque logiciel, avant tout enregistrement` }
            : null,
          masks?.missing_since_us
            ? {
                label: t`Masques de la caméra`,
                value: (
                  <>
                    {t`manquants depuis`} <TimeText us={masks.missing_since_us} /> <RuleTag rule="P-11" />
                  </>
                ),
              }
            : masks?.validated
              ? {
                  label: t`Masques de la caméra`,
                  value: (
                    <Plural value={masks.validated} one="# validé, contrôlé" other="# validés, contrôlés" />
                  ),
                }
              : masks?.reported
                ? {
                    label: t`Masques de la caméra`,
                    value: t`non validés : retracez les zones pour qu’ils soient contrôlés`,
                  }
                : null,
          zones?.validated_us
            ? { label: t`En vigueur depuis`, value: <TimeText us={zones.validated_us} /> }
            : null,
          camera.legal.zones_waiting
            ? { label: t`À valider`, value: t`un tracé plus récent attend une deuxième personne` }
            : null,
        ]}
      />
    </Card>
  );
}
