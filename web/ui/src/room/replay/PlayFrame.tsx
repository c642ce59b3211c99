import { Trans, useLingui } from "@lingui/react/macro";
import { History } from "lucide-react";
import type { ReactNode } from "react";
import type { Notice, Transportable } from "../../media/replayState";
import { Button } from "../../parts";
import { MotiveChip } from "../../shell/TopBar";
import { Patterns } from "../../timeline/Patterns";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { Shortcuts } from "../Shortcuts";
import { GoToDialog } from "./GoToDialog";
import { Legend } from "./Overview";
import { Transport } from "./Transport";
import type { Desk } from "./useDesk";
import { useNotice } from "./useNotice";
import { useReplayShortcuts } from "./useReplayShortcuts";

interface PlayFrameProps {
  desk: Desk;
  /** That it is a recording, and of when. */
  title: ReactNode;
  choice?: ReactNode;
  player: Transportable | undefined;
  snapshot: { playing: boolean; rate: number; notice: Notice | undefined };
  us: number;
  /** What may be gone to. */
  timeline: CameraTimeline | undefined;
  picture: ReactNode;
  /** What is said beside the speeds. */
  said?: ReactNode;
  lines: ReactNode;
  /** What stands at the side. */
  children: ReactNode;
}

/** The page of a replay: the bar that says it is not live, the picture, the transport, the timeline, the keys. */
export function PlayFrame({ desk, title, choice, picture, lines, children, ...played }: PlayFrameProps) {
  const { t } = useLingui();
  const shortcuts = useReplayShortcuts();
  const { player, snapshot, us, timeline } = played;
  const notice = useNotice(snapshot.notice, timeline);
  const close = (): void => desk.setDialog(undefined);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the player, listed by "?"
    <div className="play" onKeyDown={desk.onKeyDown}>
      <Patterns />
      <div className="past">
        <h1>
          <History className="ic" aria-hidden />
          {title}
        </h1>
        <span className="cap hide-s">
          <Trans>Ce n’est pas le direct.</Trans>
        </span>
        <span className="push" />
        {choice}
        <Button size="s" onClick={desk.goLive}>
          <Trans>Revenir au direct</Trans> <kbd>D</kbd>
        </Button>
      </div>
      <figure className="stage">
        {picture}
        {notice === "" ? null : <p className="jump">{notice}</p>}
      </figure>
      <p className="vh" role="status">
        {notice}
      </p>
      <Transport
        player={player}
        snapshot={snapshot}
        us={us}
        onGoTo={() => desk.setDialog("go-to")}
        onAbsence={desk.toAbsence}
        onZoom={desk.zoomBy}
      >
        {played.said}
      </Transport>
      <section className="lines" aria-label={t`Frise chronologique`}>
        {lines}
        {timeline === undefined ? null : (
          <GoToDialog
            open={desk.dialog === "go-to"}
            onClose={close}
            us={us}
            timeline={timeline}
            onGo={desk.seek}
          />
        )}
        <Legend />
      </section>
      {children}
      <MotiveChip className="only-s" />
      <Shortcuts
        open={desk.dialog === "help"}
        onClose={close}
        list={shortcuts}
        letters={desk.letters}
        onLetters={desk.setLetters}
      />
    </div>
  );
}
