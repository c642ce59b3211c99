import { Trans } from "@lingui/react/macro";
import { History } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "../../parts";
import { MotiveChip } from "../../shell/TopBar";
import { Patterns } from "../../timeline/Patterns";
import { Shortcuts } from "../Shortcuts";
import type { Desk } from "./useDesk";
import { useReplayShortcuts } from "./useReplayShortcuts";

interface PlayFrameProps {
  desk: Desk;
  /** That it is a recording, and of when. */
  title: ReactNode;
  choice?: ReactNode;
  children: ReactNode;
}

/** The page of a replay: the bar that says it is not live, and the keys. */
export function PlayFrame({ desk, title, choice, children }: PlayFrameProps) {
  const shortcuts = useReplayShortcuts();
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
      {children}
      <MotiveChip className="only-s" />
      <Shortcuts
        open={desk.dialog === "help"}
        onClose={() => desk.setDialog(undefined)}
        list={shortcuts}
        letters={desk.letters}
        onLetters={desk.setLetters}
      />
    </div>
  );
}
