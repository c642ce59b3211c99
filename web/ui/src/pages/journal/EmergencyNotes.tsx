import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { DoorOpen } from "lucide-react";
import { type Emergency, emergenciesQuery } from "../../api/emergencies";
import { formatDateTime, formatSpan } from "../../i18n/format";
import { Note } from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { CloseOpening } from "../emergency/CloseOpening";

const SHOWN_US = 30 * 24 * 3600 * 1_000_000;

/** Exceptional openings by two persons, open or lately over: told to those who answer for them (decision 0016). */
export function EmergencyNotes() {
  const { commune } = useActing();
  const told = useQuery(emergenciesQuery(commune)).data;
  const shown = told?.emergencies.filter(
    (one) => one.state !== "over" || (one.opened_us ?? 0) > told.now_us - SHOWN_US,
  );
  return shown?.map((one) => <EmergencyNote key={one.id} one={one} />);
}

function EmergencyNote({ one }: { one: Emergency }) {
  const { t } = useLingui();
  const closes = useRole("mayor", "deputy", "auditor");
  const who = [one.asked_by, one.confirmed_by].filter(Boolean).join(t` et `);
  const cameras = one.cameras.join(", ");
  const span = formatSpan(one.from_us, one.to_us);
  const until = one.until_us === null ? "" : formatDateTime(one.until_us);
  const { motive } = one;
  const titles = {
    asked: <Trans>Une ouverture exceptionnelle attend sa deuxième signature.</Trans>,
    open: <Trans>Une ouverture exceptionnelle est en cours, jusqu’au {until}.</Trans>,
    over: <Trans>Une ouverture exceptionnelle a eu lieu ; elle est close.</Trans>,
  };
  return (
    <Note
      kind={one.state === "open" ? "danger" : "warn"}
      icon={DoorOpen}
      live={one.state === "open"}
      title={titles[one.state]}
    >
      <p>
        <Trans>
          Signée par {who}. Caméras {cameras}, {span}. Motif : {motive}
        </Trans>
      </p>
      {closes && one.state !== "over" ? <CloseOpening one={one} /> : null}
    </Note>
  );
}
