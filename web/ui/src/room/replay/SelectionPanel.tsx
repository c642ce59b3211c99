import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { Camera } from "../../api/cameras";
import { formatBytes, formatDateTime, formatDuration, formatNumber, formatTime } from "../../i18n/format";
import type { Quality } from "../../media/liveState";
import type { ReplaySnapshot } from "../../media/replayState";
import { Button, buttonClass, Facts, StateTag, TimeText } from "../../parts";
import type { CameraTimeline, Stretch } from "../../timeline/timelineApi";
import { overlaps } from "../../timeline/timelineView";
import { useCause } from "../TileWords";
import { AskWords, HeldFrom } from "./AskWords";
import { PointFields } from "./PointFields";
import { StepChoice } from "./StepChoice";
import { type Points, readSelection, type Selected } from "./selection";

interface SelectionPanelProps {
  cameras: readonly Camera[];
  camera: Camera;
  stream: Quality;
  timeline: CameraTimeline;
  view: Stretch;
  us: number;
  points: Points;
  onPoints: (points: Points) => void;
  onSeek: (us: number) => void;
  snapshot: ReplaySnapshot;
}

/** The selection with what it holds, the camera, the open keys, and the list of absences in view. */
export function SelectionPanel(props: SelectionPanelProps) {
  const { cameras, camera, stream, timeline, view, us, points, onPoints, onSeek, snapshot } = props;
  const { t } = useLingui();
  const health = camera.streams.find((each) => each.stream === stream);
  const selected = readSelection(points, timeline, health?.kbps ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a panel that scrolls is reached by keyboard
    <aside className="side" aria-label={t`Sélection`} tabIndex={0}>
      <section>
        <h2>
          <Trans>Sélection</Trans>
        </h2>
        <PointFields points={points} us={us} onPoints={onPoints} />
        {selected === undefined ? <NoSelection /> : <SelectedFacts selected={selected} />}
        <Ask camera={camera} selected={selected} />
      </section>
      <section>
        <h2>
          <Trans>Caméra</Trans>
        </h2>
        <CameraFacts camera={camera} stream={stream} codec={snapshot.codec} />
      </section>
      <section>
        <h2>
          <Trans>Clés de lecture</Trans>
        </h2>
        <KeyFacts snapshot={snapshot} />
      </section>
      <AbsenceList timeline={timeline} view={view} onSeek={onSeek} />
      {cameras.length > 1 ? <StepChoice cameras={cameras} chosen={[camera]} us={us} /> : null}
    </aside>
  );
}

function NoSelection() {
  return (
    <p className="cap dim">
      <Trans>Posez une entrée et une sortie à la position, ou tapez les heures.</Trans>
    </p>
  );
}

function SelectedFacts({ selected }: { selected: Selected }) {
  const lost = selected.durationUs - selected.recordedUs;
  return (
    <Facts
      items={[
        { label: <Trans>Durée</Trans>, value: formatDuration(selected.durationUs) },
        selected.bytes > 0 && {
          label: <Trans>Taille</Trans>,
          value: <Trans>{formatBytes(selected.bytes)} environ</Trans>,
        },
        {
          label: <Trans>Absences</Trans>,
          value:
            selected.absences.length === 0 ? (
              <Trans>Aucune dans la sélection</Trans>
            ) : (
              <>
                <Plural value={selected.absences.length} one="# absence" other="# absences" />,{" "}
                {formatDuration(lost)}
              </>
            ),
        },
        { label: <Trans>Échéance</Trans>, value: formatDateTime(selected.dueUs) },
        selected.holds.length > 0 && {
          label: <Trans>Gel</Trans>,
          value: selected.holds.map((hold) => (
            <StateTag key={hold.id} state="hold-confirmed">
              {hold.label}
            </StateTag>
          )),
        },
      ]}
    />
  );
}

/** Carries the selection into the request's form; nothing is held before the request is registered. */
function Ask({ camera, selected }: { camera: Camera; selected: Selected | undefined }) {
  const { t } = useLingui();
  const content = <AskWords />;
  if (selected === undefined)
    return (
      <Button wide reason={t`Posez d’abord une sélection.`}>
        {content}
      </Button>
    );
  if (selected.recordedUs === 0) {
    return (
      <Button wide reason={t`Rien n’est enregistré dans la sélection.`}>
        {content}
      </Button>
    );
  }
  const search = { camera: camera.id, from: selected.fromUs, to: selected.toUs };
  return (
    <>
      <Link
        className={buttonClass({ kind: "primary", wide: true })}
        to="/demandes/nouvelle"
        search={search as never}
      >
        {content}
      </Link>
      <HeldFrom />
    </>
  );
}

function CameraFacts({ camera, stream, codec }: { camera: Camera; stream: Quality; codec: string }) {
  const health = camera.streams.find((each) => each.stream === stream);
  const zones = health?.masked_zones ?? camera.legal.zone_set?.polygons?.length ?? 0;
  const height = health?.height ?? 0;
  const fps = formatNumber(Math.round(health?.fps ?? 0));
  return (
    <Facts
      items={[
        height > 0 && {
          label: <Trans>Flux</Trans>,
          value: (
            <>
              <Trans>
                {height}p, {fps} images/s
              </Trans>
              {stream === "sub" ? <Trans>, flux secondaire</Trans> : null}
            </>
          ),
        },
        codec !== "" && { label: <Trans>Codec</Trans>, value: codec },
        {
          label: <Trans>Zones privées</Trans>,
          value:
            zones > 0 ? (
              <Plural value={zones} one="# zone masquée" other="# zones masquées" />
            ) : (
              <Trans>Aucune habitation en vue</Trans>
            ),
        },
      ]}
    />
  );
}

function KeyFacts({ snapshot }: { snapshot: ReplaySnapshot }) {
  const spans = [...snapshot.windows].sort((a, b) => a.fromUs - b.fromUs);
  const journal = formatNumber(snapshot.journal);
  return (
    <>
      <Facts
        items={[
          {
            label: <Trans>Ouvertes</Trans>,
            value:
              spans.length === 0 ? (
                <Trans>aucune</Trans>
              ) : (
                spans.map((span) => (
                  <div key={span.fromUs}>
                    {formatTime(span.fromUs, true)} → {formatTime(span.toUs, true)}
                  </div>
                ))
              ),
          },
          snapshot.journal > 0 && { label: <Trans>Journal</Trans>, value: <Trans>entrée {journal}</Trans> },
        ]}
      />
      <p className="cap dim">
        <Trans>Déchiffré dans ce navigateur, par fenêtres de 5 min au plus.</Trans>
      </p>
    </>
  );
}

const LISTED_COUNT = 50;

function AbsenceList({ timeline, view, onSeek }: Pick<SelectionPanelProps, "timeline" | "view" | "onSeek">) {
  const words = useCause();
  const listed = timeline.absences.filter((each) => overlaps(each, view)).slice(0, LISTED_COUNT);
  return (
    <section>
      <h2>
        <Trans>Absences en vue</Trans>
      </h2>
      {listed.length === 0 ? (
        <p className="cap dim">
          <Trans>Aucune.</Trans>
        </p>
      ) : (
        <ul className="absences">
          {listed.map((each) => (
            <li key={each.fromUs}>
              <span>
                <TimeText us={each.fromUs} form="date-seconds" />
                <small>
                  {words(each.cause)}, {formatDuration(each.toUs - each.fromUs)}
                  {each.open ? <Trans>, en cours</Trans> : null}
                </small>
              </span>
              <Button size="s" onClick={() => onSeek(each.fromUs - 3_000_000)}>
                <Trans>Aller juste avant</Trans>
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
