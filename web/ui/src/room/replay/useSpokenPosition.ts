import { useLingui } from "@lingui/react/macro";
import { formatDate, formatDay, formatTime } from "../../i18n/format";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { contains } from "../../timeline/timelineView";
import { useCause } from "../TileWords";

/** The position in words: date, hour, minute, second, and what there is at that instant. */
export function useSpokenPosition(us: number, timeline: CameraTimeline): string {
  const { t } = useLingui();
  const words = useCause();
  const day = formatDay(us);
  const year = formatDate(us).slice(-4);
  const [hours, minutes, seconds] = formatTime(us, true).split(":").map(Number);
  const isRecorded = timeline.recorded.some((each) => contains(each, us));
  const held = timeline.holds.some((each) => contains(each, us)) ? t`, gelé` : "";
  const absence = timeline.absences.find((each) => contains(each, us));
  const cause = absence === undefined ? "" : words(absence.cause);
  const missing =
    us < timeline.destroyedBeforeUs ? t`détruit` : cause === "" ? t`absent` : t`absent, ${cause}`;
  const what = isRecorded ? t`enregistré` : missing;
  return t`${day} ${year}, ${hours} heures ${minutes} minutes ${seconds} secondes ; ${what}${held}`;
}
