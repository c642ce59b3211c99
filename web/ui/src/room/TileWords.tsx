import { Trans, useLingui } from "@lingui/react/macro";
import { Ban, EyeOff, FileX, LoaderCircle, type LucideIcon, Pause, ServerOff, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import type { ImageAct } from "../api/people";
import { formatDuration, formatTime, US_PER_S } from "../i18n/format";
import { SERVER_UNREACHABLE } from "../media/livePlayer";
import type { LiveSnapshot } from "../media/liveState";
import { WhyLink } from "../pages/why/WhyLink";
import { Button, RuleTag, type StateName } from "../parts";
import { ServerWords } from "../parts/ServerWords";
import { STATES } from "../parts/StateTag";
import { useCauseWords } from "../timeline/useCauseWords";
import { tileState } from "./tileState";

/** The words of a cause, in the language of the page. */
export function useCause(): (cause: string) => string {
  const { t } = useLingui();
  const words = useCauseWords();
  return (cause) => (cause === SERVER_UNREACHABLE ? t`serveur injoignable` : words(cause));
}

/** Words a tile's state in one or two words, for the eye and for the tile's name. */
export function useTileWords(): (snapshot: LiveSnapshot) => string {
  const { t, i18n } = useLingui();
  return (snapshot) => {
    const { state, lateS } = snapshot;
    const name: StateName = tileState(snapshot);
    if (state.kind === "live" && lateS !== undefined) {
      const late = formatDuration(lateS * US_PER_S);
      return t`En retard de ${late}`;
    }
    if (state.kind === "refused" && state.willRetry) {
      return state.refusal.type === "withdrawn" ? t`Accès interrompu` : t`Service injoignable`;
    }
    if (state.kind === "refused") return t`Accès refusé`;
    return i18n._(STATES[name].word);
  };
}

export function useTileWord(snapshot: LiveSnapshot): string {
  return useTileWords()(snapshot);
}

export function TileWord({ snapshot }: { snapshot: LiveSnapshot }) {
  return useTileWord(snapshot);
}

/** Over a picture that no longer moves: since when, with a counter. */
export function Plate({ ageS, lastUs }: { ageS: number; lastUs: number | undefined }) {
  const age = formatDuration(ageS * US_PER_S);
  const at = lastUs === undefined ? "" : formatTime(lastUs, true);
  return (
    <div className="plate">
      <Trans>Image figée depuis</Trans>
      <b>{age}</b>
      {at ? (
        <span className="cap">
          <Trans>Reçue à {at}</Trans>
        </span>
      ) : null}
    </div>
  );
}

interface NoPictureFrameProps {
  icon: LucideIcon;
  tone?: "c-danger" | "c-warn" | "dim";
  title: ReactNode;
  children?: ReactNode;
}

/** An icon, a title and words in the place of a picture. */
export function NoPictureFrame({ icon: Icon, tone = "dim", title, children }: NoPictureFrameProps) {
  return (
    <div className="none">
      <span className={tone}>
        <Icon className="ic" aria-hidden />
      </span>
      <b>{title}</b>
      {children}
    </div>
  );
}

interface NoPictureProps {
  camera: string;
  /** What was asked of it. */
  act: ImageAct;
  snapshot: LiveSnapshot;
  onRetry: () => void;
}

/** What stands where a picture would: why there is none, what goes on, what to do. */
export function NoPicture({ camera, act, snapshot, onRetry }: NoPictureProps) {
  const { state } = snapshot;
  switch (state.kind) {
    case "lost":
      return <Lost ageS={state.ageS} lastUs={state.lastUs} cause={state.cause} />;
    case "dark":
      return <Dark snapshot={snapshot} cause={state.cause} />;
    case "refused":
      return <Refused state={state} onRetry={onRetry} why={<WhyLink act={act} camera={camera} />} />;
    case "unplayable":
      return (
        <NoPictureFrame icon={FileX} title={<Trans>Format non lisible ici</Trans>}>
          <p className="cap dim">
            <Trans>
              H.265 sans flux H.264 associé : ce navigateur ne sait pas l’ouvrir. L’enregistrement continue.
            </Trans>
          </p>
        </NoPictureFrame>
      );
    default:
      return (
        <NoPictureFrame icon={Pause} title={<Trans>Image masquée</Trans>}>
          <p className="cap dim">
            <Trans>Le flux reprend avec la page.</Trans>
          </p>
        </NoPictureFrame>
      );
  }
}

function Lost({ ageS, lastUs, cause }: { ageS: number; lastUs: number | undefined; cause: string }) {
  const words = useCause();
  const age = formatDuration(ageS * US_PER_S);
  const why = cause ? words(cause) : "";
  const at = lastUs === undefined ? "" : formatTime(lastUs, true);
  return (
    <NoPictureFrame icon={Unplug} tone="c-danger" title={<Trans>Signal perdu depuis {age}</Trans>}>
      <p className="cap dim">
        {at ? <Trans>Dernière image à {at}.</Trans> : <Trans>Aucune image reçue.</Trans>}
        {why ? ` ${why.charAt(0).toLocaleUpperCase()}${why.slice(1)}.` : null}{" "}
        <Trans>Nouvel essai en cours.</Trans>
      </p>
    </NoPictureFrame>
  );
}

function Dark({ snapshot, cause }: { snapshot: LiveSnapshot; cause: string }) {
  const words = useCause();
  const name = tileState(snapshot);
  const why = words(cause);
  if (name === "cut") {
    return (
      <NoPictureFrame icon={EyeOff} tone="c-danger" title={<Trans>Diffusion coupée</Trans>}>
        <p className="cap dim">
          <Trans>Cause : {why}. Ni direct, ni enregistrement avant contrôle.</Trans>
        </p>
      </NoPictureFrame>
    );
  }
  if (name === "suspended") {
    return (
      <NoPictureFrame icon={Pause} title={<Trans>Caméra arrêtée</Trans>}>
        <p className="cap dim">
          <Trans>Cause : {why}. Ni direct, ni enregistrement.</Trans>
        </p>
      </NoPictureFrame>
    );
  }
  return (
    <NoPictureFrame icon={Unplug} tone="c-danger" title={<Trans>Signal perdu</Trans>}>
      <p className="cap dim">
        <Trans>Cause : {why}. Nouvel essai en cours.</Trans>
      </p>
    </NoPictureFrame>
  );
}

function Refused({
  state,
  onRetry,
  why,
}: {
  state: Extract<LiveSnapshot["state"], { kind: "refused" }>;
  onRetry: () => void;
  why: ReactNode;
}) {
  const { refusal, willRetry } = state;
  if (willRetry && refusal.type === "withdrawn") {
    return (
      <NoPictureFrame icon={Ban} title={<Trans>Accès interrompu</Trans>}>
        <p className="cap dim">
          <ServerWords {...refusal} todo="" /> <Trans>La page redemande l’accès.</Trans>{" "}
          <RuleTag rule={refusal.rule} />
        </p>
      </NoPictureFrame>
    );
  }
  if (willRetry) {
    return (
      <NoPictureFrame icon={ServerOff} tone="c-warn" title={<Trans>Service des droits injoignable</Trans>}>
        <p className="cap dim">
          <Trans>
            Sans lui, aucune image ne s’affiche. L’enregistrement continue ; la page réessaie d’elle-même.
          </Trans>
        </p>
      </NoPictureFrame>
    );
  }
  return (
    <NoPictureFrame icon={Ban} title={<Trans>Accès refusé</Trans>}>
      <p className="cap dim">
        <ServerWords {...refusal} /> <RuleTag rule={refusal.rule} />
      </p>
      <div className="row">
        <Button size="s" onClick={onRetry}>
          <Trans>Réessayer</Trans>
        </Button>
        {why}
      </div>
    </NoPictureFrame>
  );
}

/** Waiting for the first picture. */
export function Connecting() {
  return (
    <NoPictureFrame icon={LoaderCircle} title={<Trans>Connexion à la caméra</Trans>}>
      <p className="cap dim">
        <Trans>Première image en moins de 3 s.</Trans>
      </p>
    </NoPictureFrame>
  );
}
