import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { Camera } from "../../api/cameras";
import { formatBytes, formatDateTime, formatDuration } from "../../i18n/format";
import { cameraNumber } from "../../pages/cameras/words";
import { Button, buttonClass, Facts, Note } from "../../parts";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { AskWords, HeldFrom } from "./AskWords";
import { PointFields } from "./PointFields";
import { StepChoice } from "./StepChoice";
import { type Points, readSelection, type Selected } from "./selection";
import { streamOf } from "./useInStep";

interface StepPanelProps {
  all: readonly Camera[];
  cameras: readonly Camera[];
  timelines: readonly (CameraTimeline | undefined)[];
  us: number;
  points: Points;
  onPoints: (points: Points) => void;
}

/** One selection over several cameras, and which cameras these are. */
export function StepPanel({ all, cameras, timelines, us, points, onPoints }: StepPanelProps) {
  const { t } = useLingui();
  const selected = cameras.map((camera, at) => {
    const timeline = timelines[at];
    const kbps = camera.streams.find((each) => each.stream === streamOf(camera))?.kbps ?? 0;
    return timeline === undefined ? undefined : readSelection(points, timeline, kbps);
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a panel that scrolls is reached by keyboard
    <aside className="side" aria-label={t`Sélection`} tabIndex={0}>
      <section>
        <h2>
          <Trans>Sélection</Trans>
        </h2>
        <PointFields points={points} us={us} onPoints={onPoints} />
        <StepFacts cameras={cameras} selected={selected} />
      </section>
      <StepChoice cameras={all} chosen={cameras} us={us} />
    </aside>
  );
}

interface StepFactsProps {
  cameras: readonly Camera[];
  selected: readonly (Selected | undefined)[];
}

function StepFacts({ cameras, selected }: StepFactsProps) {
  const { t } = useLingui();
  const known = selected.filter((each) => each !== undefined);
  const first = known[0];
  const content = <AskWords />;
  if (first === undefined) {
    return (
      <>
        <p className="cap dim">
          <Trans>Posez une entrée et une sortie à la position, ou tapez les heures.</Trans>
        </p>
        <Button wide reason={t`Posez d’abord une sélection.`}>
          {content}
        </Button>
      </>
    );
  }
  const bytes = formatBytes(known.reduce((sum, each) => sum + each.bytes, 0));
  const count = cameras.length;
  const ids = cameras.map((camera) => camera.id).join();
  return (
    <>
      <Facts
        items={[
          { label: <Trans>Durée</Trans>, value: formatDuration(first.durationUs) },
          {
            label: <Trans>Taille</Trans>,
            value: (
              <Trans>
                {bytes} environ, {count} caméras
              </Trans>
            ),
          },
          {
            label: <Trans>Échéance</Trans>,
            value: formatDateTime(Math.min(...known.map((each) => each.dueUs))),
          },
        ]}
      />
      {cameras.map((camera, at) => {
        const one = selected[at];
        const lostUs = one === undefined ? 0 : one.durationUs - one.recordedUs;
        if (lostUs <= 0) return null;
        const [number, lost] = [cameraNumber(camera), formatDuration(lostUs)];
        return (
          <Note key={camera.id} kind="warn">
            <Trans>
              Caméra {number} : {lost} d’absence dans la sélection. L’extraction l’indiquera, avec sa cause.
            </Trans>
          </Note>
        );
      })}
      <Link
        className={buttonClass({ kind: "primary", wide: true })}
        to="/demandes/nouvelle"
        search={{ camera: ids, from: first.fromUs, to: first.toUs } as never}
      >
        {content}
      </Link>
      <HeldFrom />
    </>
  );
}
