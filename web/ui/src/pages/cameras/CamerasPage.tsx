import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Cctv, Radar } from "lucide-react";
import { useState } from "react";
import { type Camera, camerasQuery, type LegalState, stateSince } from "../../api/cameras";
import { formatDate, nowUs } from "../../i18n/format";
import {
  buttonClass,
  Card,
  type Column,
  DataTable,
  EmptyState,
  QueryView,
  SelectField,
  StateTag,
  TextField,
  TimeText,
} from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { BulkSuspend } from "./BulkSuspend";
import { IncidentsCard } from "./IncidentsCard";
import { cameraNumber, causeWords, codecWords, LIFE, LIFE_WORDS, pictureState, WAITS_FOR } from "./words";

interface Filters {
  life: LegalState | "";
  zones: "" | "masked" | "none" | "missing";
  text: string;
}

const NO_FILTER: Filters = { life: "", zones: "", text: "" };

function zonesKind(camera: Camera): Filters["zones"] {
  const zones = camera.legal.zone_set;
  if (!zones) return "missing";
  return zones.polygons.length > 0 ? "masked" : "none";
}

function keep(camera: Camera, filters: Filters): boolean {
  const text = `${cameraNumber(camera)} ${camera.name} ${camera.place} ${camera.address}`.toLowerCase();
  return (
    (filters.life === "" || camera.legal.state === filters.life) &&
    (filters.zones === "" || zonesKind(camera) === filters.zones) &&
    text.includes(filters.text.trim().toLowerCase())
  );
}

/** Every camera of the commune: state, life-cycle, private zones, retention. No picture here. */
export function CamerasPage() {
  const { t } = useLingui();
  const acting = useActing();
  const query = useQuery(camerasQuery(acting.commune));
  const installs = useRole("installer", "chief", "mayor", "deputy");
  return (
    <>
      <PageHead
        title={t`Caméras`}
        lead={query.data ? <Summary cameras={query.data} /> : t`Aucune image ici.`}
        acts={
          installs ? (
            <Link className={buttonClass()} to="/decouverte">
              <Radar className="ic" aria-hidden />
              <Trans>Chercher des caméras</Trans>
            </Link>
          ) : null
        }
      />
      <QueryView
        query={query}
        isEmpty={(cameras) => cameras.length === 0}
        empty={
          <div className="card">
            <EmptyState icon={Cctv} title={<Trans>Aucune caméra pour l’instant</Trans>} level={2}>
              <p>
                <Trans>Déclarez d’abord les préfixes réseau de la commune, puis lancez la recherche.</Trans>
              </p>
              {installs ? (
                <Link className={buttonClass({ kind: "primary", size: "s" })} to="/decouverte">
                  <Trans>Déclarer un préfixe</Trans>
                </Link>
              ) : null}
            </EmptyState>
          </div>
        }
      >
        {(cameras) => <CameraList cameras={cameras} />}
      </QueryView>
    </>
  );
}

function Summary({ cameras }: { cameras: readonly Camera[] }) {
  const inService = cameras.filter((camera) => camera.legal.state === "in_service").length;
  const suspended = cameras.filter((camera) => camera.legal.state === "suspended").length;
  return (
    <>
      <Plural value={cameras.length} one="# caméra" other="# caméras" />
      {" : "}
      <Plural value={inService} one="# en service" other="# en service" />
      {suspended > 0 ? (
        <>
          {", "}
          <Plural value={suspended} one="# suspendue" other="# suspendues" />
        </>
      ) : null}
      {". "}
      <Trans>Aucune image ici.</Trans>
    </>
  );
}

function CameraList({ cameras }: { cameras: readonly Camera[] }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const suspends = useRole("officer", "chief", "mayor", "deputy");
  const [filters, setFilters] = useState(NO_FILTER);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const shown = cameras.filter((camera) => keep(camera, filters));
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  };
  const columns = useColumns(suspends ? { picked, toggle } : null);
  return (
    <>
      <FilterBar filters={filters} onChange={setFilters} />
      <div className="cols">
        <Card flush title={<Plural value={shown.length} one="# caméra" other="# caméras" />}>
          {picked.size > 0 ? (
            <BulkSuspend
              cameras={cameras.filter((camera) => picked.has(camera.id))}
              onDone={() => setPicked(new Set())}
            />
          ) : null}
          {shown.length > 0 ? (
            <DataTable
              caption={t`Caméras de la commune`}
              columns={columns}
              rows={shown}
              rowKey={(camera) => camera.id}
              bad={(camera) => pictureState(camera, nowUs()) === "cut"}
            />
          ) : (
            <EmptyState title={<Trans>Aucune caméra pour ces filtres</Trans>}>
              <button
                className={buttonClass({ size: "s" })}
                type="button"
                onClick={() => setFilters(NO_FILTER)}
              >
                <Trans>Effacer les filtres</Trans>
              </button>
            </EmptyState>
          )}
        </Card>
        <IncidentsCard commune={commune} cameras={cameras} />
      </div>
      {suspends ? (
        <p className="small dim">
          <Trans>
            Suspendre demande un motif, s’applique en moins de 5 s et s’inscrit au journal caméra par caméra.
            L’enregistrement s’arrête aussi ; ce qui existe suit son terme.
          </Trans>
        </p>
      ) : null}
    </>
  );
}

function FilterBar({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const { t, i18n } = useLingui();
  return (
    <search className="filters filters-3">
      <SelectField
        dense
        label={t`Cycle de vie`}
        value={filters.life}
        onChange={(event) => onChange({ ...filters, life: event.target.value as Filters["life"] })}
      >
        <option value="">{t`Tous`}</option>
        {LIFE.map((state) => (
          <option key={state} value={state}>
            {i18n._(LIFE_WORDS[state])}
          </option>
        ))}
      </SelectField>
      <SelectField
        dense
        label={t`Zones privées`}
        value={filters.zones}
        onChange={(event) => onChange({ ...filters, zones: event.target.value as Filters["zones"] })}
      >
        <option value="">{t`Toutes`}</option>
        <option value="masked">{t`Avec zones masquées`}</option>
        <option value="none">{t`Aucune habitation`}</option>
        <option value="missing">{t`À tracer ou à valider`}</option>
      </SelectField>
      <TextField
        dense
        type="search"
        label={t`Numéro, lieu ou adresse`}
        value={filters.text}
        onChange={(event) => onChange({ ...filters, text: event.target.value })}
      />
    </search>
  );
}

interface Picks {
  picked: ReadonlySet<string>;
  toggle: (id: string) => void;
}

function useColumns(picks: Picks | null): Column<Camera>[] {
  const { t } = useLingui();
  return [
    {
      key: "camera",
      head: t`Caméra`,
      cell: (camera) => <NameCell camera={camera} picks={picks} />,
    },
    { key: "state", head: t`État`, word: t`État`, cell: (camera) => <StateCell camera={camera} /> },
    {
      key: "life",
      head: t`Cycle de vie`,
      word: t`Cycle de vie`,
      cell: (camera) => <LifeCell camera={camera} />,
    },
    {
      key: "zones",
      head: t`Zones privées`,
      word: t`Zones privées`,
      cell: (camera) => <ZonesCell camera={camera} />,
    },
    {
      key: "retention",
      head: t`Conservation`,
      word: t`Conservation`,
      cell: ({ legal }) =>
        legal.retention_days ? (
          <>
            <Plural value={legal.retention_days} one="# jour" other="# jours" />
            {legal.held ? <small>{t`gel en cours`}</small> : null}
          </>
        ) : (
          <>
            —<small>{t`rien n’est enregistré`}</small>
          </>
        ),
    },
  ];
}

function NameCell({ camera, picks }: { camera: Camera; picks: Picks | null }) {
  const { t } = useLingui();
  const { width, height, codec } = camera.main_profile;
  const inService = camera.legal.state === "in_service";
  return (
    <span className="name-cell">
      {picks && inService ? (
        <input
          type="checkbox"
          aria-label={t`Choisir la caméra ${cameraNumber(camera)}`}
          checked={picks.picked.has(camera.id)}
          onChange={() => picks.toggle(camera.id)}
        />
      ) : null}
      <span>
        <span className="no">{cameraNumber(camera)}</span>
        <Link to="/cameras/$camera" params={{ camera: camera.id }}>
          {camera.name}
        </Link>
        <small>
          {[camera.place, width && height ? `${width} × ${height}` : "", codecWords(codec)]
            .filter(Boolean)
            .join(", ")}
        </small>
      </span>
    </span>
  );
}

function StateCell({ camera }: { camera: Camera }) {
  const { i18n } = useLingui();
  const main = camera.streams.find((stream) => stream.stream === "main");
  const state = pictureState(camera, nowUs());
  const cause = main?.cause ? causeWords(main.cause) : "";
  return (
    <>
      <StateTag state={state} />
      {state === "no-picture" || !main ? null : (
        <small>
          {cause ? `${typeof cause === "string" ? cause : i18n._(cause)}, ` : null}
          {main.last_unit_us > 0 && state !== "live" ? (
            <Trans>
              vue à <TimeText us={main.last_unit_us} form="seconds" />
            </Trans>
          ) : main.since_us > 0 ? (
            <Trans>
              depuis <TimeText us={main.since_us} form="seconds" />
            </Trans>
          ) : null}
        </small>
      )}
    </>
  );
}

function LifeCell({ camera }: { camera: Camera }) {
  const { i18n } = useLingui();
  const state = camera.legal.state;
  const since = stateSince(camera);
  return (
    <>
      {i18n._(LIFE_WORDS[state])}
      <small>
        {state === "in_service" && since ? (
          <Trans>depuis le {formatDate(since)}</Trans>
        ) : (
          i18n._(WAITS_FOR[state])
        )}
      </small>
    </>
  );
}

function ZonesCell({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const zones = camera.legal.zone_set;
  if (!zones) return <>{camera.legal.zones_waiting ? t`À valider` : t`À tracer`}</>;
  const main = camera.streams.find((stream) => stream.stream === "main");
  if (zones.polygons.length === 0) {
    return (
      <>
        {t`Aucune habitation`}
        <small>{t`déclaré et validé`}</small>
      </>
    );
  }
  return (
    <>
      <Plural value={zones.polygons.length} one="# zone" other="# zones" />
      <small>{main && main.masked_zones > 0 ? t`opaques, masque logiciel` : t`masque logiciel`}</small>
    </>
  );
}
