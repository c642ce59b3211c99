import { useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { formatDuration, formatTime } from "../../i18n/format";
import type { Notice } from "../../media/replayState";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { overlaps } from "../../timeline/timelineView";
import { useCause } from "../TileWords";

const SHOWN_MS = 8_000;
/** Durations are said in whole seconds: a shorter absence is said as one. */
const SHORTEST_SAID_US = 1_000_000;

/** What just happened, in a sentence that stays a while: an absence jumped, the end, an altered group. */
export function useNotice(notice: Notice | undefined, timeline: CameraTimeline | undefined): string {
  const { t } = useLingui();
  const words = useCause();
  const [gone, setGone] = useState(0);
  const serial = notice?.serial ?? 0;
  useEffect(() => {
    if (serial === 0) return undefined;
    const timer = window.setTimeout(() => setGone(serial), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [serial]);
  if (notice === undefined || gone === notice.serial) return "";
  if (notice.kind === "end") {
    const at = formatTime(notice.atUs, true);
    return t`Fin de l’enregistrement à ${at}.`;
  }
  const length = formatDuration(Math.max(SHORTEST_SAID_US, Math.abs(notice.toUs - notice.fromUs)));
  const to = formatTime(notice.toUs, true);
  if (notice.kind === "damaged") {
    return t`${length} illisibles jusqu’à ${to} : les octets ne sont pas ceux qui ont été scellés. Prévenez l’administration.`;
  }
  const [fromUs, toUs] = [Math.min(notice.fromUs, notice.toUs), Math.max(notice.fromUs, notice.toUs)];
  const absence = timeline?.absences.find((each) => overlaps(each, { fromUs, toUs }));
  const why = absence === undefined ? "" : words(absence.cause);
  return why === ""
    ? t`Absence de ${length} sautée, reprise à ${to}.`
    : t`Absence de ${length} sautée (${why}), reprise à ${to}.`;
}
