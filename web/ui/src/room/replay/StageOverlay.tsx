import { Trans } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Ban, Clock, FileX, FlameKindling, KeyRound, LoaderCircle, ServerOff, Unplug } from "lucide-react";
import { useEffect, useRef } from "react";
import { sessionQuery } from "../../api/session";
import { formatDateTime } from "../../i18n/format";
import type { ReplaySnapshot } from "../../media/replayState";
import { UnlockCard } from "../../pages/door/UnlockCard";
import { WhyLink } from "../../pages/why/WhyLink";
import { Button, RuleTag, Void } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { useActing, useSession } from "../../session/SessionContext";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { contains } from "../../timeline/timelineView";
import { useCause } from "../TileWords";

interface StageOverlayProps {
  camera: string;
  snapshot: ReplaySnapshot;
  timeline: CameraTimeline | undefined;
  us: number;
  alive: boolean;
  onRetry: () => void;
}

/** What stands over the picture when there is none: why, what goes on, what to do. Nothing while it plays. */
export function StageOverlay({ camera, snapshot, timeline, us, alive, onRetry }: StageOverlayProps) {
  const { phase } = snapshot;
  if (!alive) {
    return (
      <Over>
        <Void level={2} icon={Clock} title={<Trans>Image masquée : session terminée</Trans>} live />
      </Over>
    );
  }
  switch (phase.kind) {
    case "locked":
      return <Locked holders={phase.holders} todo={phase.todo} onRetry={onRetry} />;
    case "refused":
      return <Refused camera={camera} phase={phase} onRetry={onRetry} />;
    case "unplayable":
      return (
        <Over>
          <Void level={2} icon={FileX} title={<Trans>Format non lisible ici</Trans>} live>
            <p>
              <Trans>
                Ce navigateur ne sait pas ouvrir le H.265, et aucun flux H.264 n’est enregistré à côté.
              </Trans>
            </p>
          </Void>
        </Over>
      );
    case "connecting":
      return (
        <Over>
          <Void level={2} icon={LoaderCircle} title={<Trans>Ouverture de l’enregistrement</Trans>} live>
            {phase.attempt > 0 ? (
              <p>
                <Trans>Connexion perdue ; les clés ont été abandonnées. La page réessaie d’elle-même.</Trans>
              </p>
            ) : null}
          </Void>
        </Over>
      );
    default:
      return timeline === undefined ? null : (
        <Nothing timeline={timeline} us={us} waiting={snapshot.waiting} />
      );
  }
}

function Over({ children }: { children: React.ReactNode }) {
  return <div className="over">{children}</div>;
}

/** Ready, but nothing exists at the position: destroyed, absent with its cause, or on its way. */
function Nothing({ timeline, us, waiting }: { timeline: CameraTimeline; us: number; waiting: boolean }) {
  const words = useCause();
  if (timeline.recorded.some((each) => contains(each, us))) {
    return waiting ? (
      <p className="loading" role="status">
        <Trans>Chargement</Trans>
      </p>
    ) : null;
  }
  const limit = formatDateTime(timeline.destroyedBeforeUs);
  if (us < timeline.destroyedBeforeUs) {
    return (
      <Over>
        <Void level={2} icon={FlameKindling} title={<Trans>Images détruites à leur terme</Trans>}>
          <p>
            <Trans>Tout ce qui précède le {limit} a été détruit. Aucune copie n’existe.</Trans>
          </p>
        </Void>
      </Over>
    );
  }
  const absence = timeline.absences.find((each) => contains(each, us));
  const why = absence === undefined ? "" : words(absence.cause);
  return (
    <Over>
      <Void level={2} icon={Unplug} title={<Trans>Rien n’est enregistré ici</Trans>}>
        {why ? (
          <p>
            <Trans>Cause : {why}.</Trans>
          </p>
        ) : null}
      </Void>
    </Over>
  );
}

/** The commune's key is closed: who can open it, and a form when that is the person here. */
function Locked({ holders, todo, onRetry }: { holders: string[]; todo: string; onRetry: () => void }) {
  const { commune, name } = useActing();
  const { holder_of, unlocked } = useSession();
  const isHolder = holder_of.includes(commune);
  const isOpen = unlocked[commune] === true;
  const was = useRef(isOpen);
  const client = useQueryClient();
  // What the page knew of the key is from before the restart.
  useEffect(() => void client.invalidateQueries({ queryKey: sessionQuery.queryKey }), [client]);
  useEffect(() => {
    if (isOpen && !was.current) onRetry();
    was.current = isOpen;
  }, [isOpen, onRetry]);
  const list = holders.join(", ");
  return (
    <Over>
      <Void
        level={2}
        icon={KeyRound}
        title={<Trans>Relecture à déverrouiller</Trans>}
        live
        actions={
          <Button size="s" onClick={onRetry}>
            <Trans>Réessayer</Trans>
          </Button>
        }
      >
        <p>
          {list ? (
            <Trans>Un détenteur de la clé doit la déverrouiller : {list}.</Trans>
          ) : (
            todo || <Trans>Un détenteur de la clé de la commune doit la déverrouiller.</Trans>
          )}{" "}
          <Trans>Le direct reste possible ; l’enregistrement continue.</Trans>
        </p>
      </Void>
      {isHolder ? <UnlockCard commune={commune} name={name} /> : null}
    </Over>
  );
}

function Refused({
  camera,
  phase,
  onRetry,
}: {
  camera: string;
  phase: Extract<ReplaySnapshot["phase"], { kind: "refused" }>;
  onRetry: () => void;
}) {
  const { refusal, willRetry } = phase;
  if (willRetry && refusal.type === "withdrawn") {
    return (
      <Over>
        <Void level={2} icon={Ban} title={<Trans>Relecture interrompue</Trans>} live>
          <p>
            <ServerWords {...refusal} todo="" /> <RuleTag rule={refusal.rule} />
          </p>
          <p>
            <Trans>
              Les clés et les images de cette page ont été abandonnées. La page redemande l’accès.
            </Trans>
          </p>
        </Void>
      </Over>
    );
  }
  if (willRetry) {
    return (
      <Over>
        <Void
          level={2}
          icon={ServerOff}
          tone="danger"
          title={<Trans>Le service des droits ne répond plus</Trans>}
          live
        >
          <p>
            <Trans>
              Sans lui, aucune image ne s’affiche. L’enregistrement continue ; la page réessaie d’elle-même.
            </Trans>
          </p>
        </Void>
      </Over>
    );
  }
  return (
    <Over>
      <Void
        level={2}
        icon={Ban}
        title={<Trans>Relecture refusée</Trans>}
        live
        actions={
          <>
            <Button size="s" onClick={onRetry}>
              <Trans>Réessayer</Trans>
            </Button>
            <WhyLink act="replay" camera={camera} />
          </>
        }
      >
        <p>
          <ServerWords {...refusal} /> <RuleTag rule={refusal.rule} />
        </p>
      </Void>
    </Over>
  );
}
