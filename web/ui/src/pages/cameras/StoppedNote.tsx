import { Trans } from "@lingui/react/macro";
import { Pause } from "lucide-react";
import { type Camera, stateSince } from "../../api/cameras";
import { formatDateTime } from "../../i18n/format";
import { Note, RuleTag } from "../../parts";
import { ServerWords } from "../../parts/ServerWords";
import { WhyLink } from "../why/WhyLink";

/** Why nobody sees a camera that has served: suspended, with its motive and date, or an element that lapsed. */
export function StoppedNote({ camera }: { camera: Camera }) {
  const { state, stop_motive: motive, viewing } = camera.legal;
  const since = stateSince(camera);
  if (state === "suspended") {
    return (
      <Note
        kind="warn"
        icon={Pause}
        title={
          since ? <Trans>Suspendue depuis le {formatDateTime(since)}.</Trans> : <Trans>Suspendue.</Trans>
        }
      >
        <span>
          {motive ? <Trans>Motif : {motive}.</Trans> : <Trans>Le motif est au journal.</Trans>}{" "}
          <Trans>Ni direct, ni enregistrement ; ce qui existe suit son terme.</Trans> <RuleTag rule="P-24" />
        </span>
      </Note>
    );
  }
  if (state !== "in_service" || !viewing) return null;
  return (
    <Note kind="warn" icon={Pause} title={<ServerWords {...viewing} todo="" />}>
      <span>
        <ServerWords todo={viewing.todo} /> <RuleTag rule={viewing.rule} />
      </span>
      <span>
        <WhyLink act="live" camera={camera.id} />
      </span>
    </Note>
  );
}
