import { Trans, useLingui } from "@lingui/react/macro";
import { useDeferredValue } from "react";
import { formatDuration, formatOffset } from "../../i18n/format";
import { Card } from "../../parts";
import { instantOf, ParisInstant } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";
import { CameraPicker } from "./CameraPicker";
import { FootageCard } from "./FootageCard";
import type { Missing, RequestDraft } from "./requestForm";

/** Longest range that one request may cover here, µs: the timeline refuses more. */
const RANGE_MAX_US = 40 * 86_400_000_000;

interface RangeBlockProps {
  draft: RequestDraft;
  onChange: (draft: RequestDraft) => void;
  missing: readonly Missing[];
}

/** Block 3: cameras of this commune and a range; what exists is computed again at each change. */
export function RangeBlock({ draft, onChange, missing }: RangeBlockProps) {
  const { t } = useLingui();
  const acting = useActing();
  const fromUs = instantOf(draft.from);
  const toUs = instantOf(draft.to);
  const settled = useDeferredValue({ cameras: draft.cameras, fromUs, toUs });
  const inOrder = fromUs !== null && toUs !== null && toUs > fromUs;
  return (
    <>
      <Card
        title={<Trans>3. Caméras et plage</Trans>}
        aside={<Trans>Caméras de {acting.name || acting.commune} seulement</Trans>}
      >
        <CameraPicker
          chosen={draft.cameras}
          onChange={(cameras) => onChange({ ...draft, cameras })}
          error={missing.includes("cameras")}
        />
        <div className="form-2">
          <ParisInstant
            legend={<Trans>Du</Trans>}
            value={draft.from}
            onChange={(from) => onChange({ ...draft, from })}
            error={missing.includes("from") ? t`Donnez la date et l’heure du début.` : null}
          />
          <ParisInstant
            legend={<Trans>Au</Trans>}
            value={draft.to}
            onChange={(to) => onChange({ ...draft, to })}
            error={
              missing.includes("to")
                ? t`Donnez la date et l’heure de fin.`
                : fromUs !== null && toUs !== null && toUs <= fromUs
                  ? t`La fin doit suivre le début.`
                  : null
            }
          />
        </div>
        {inOrder ? (
          <p className="small dim">
            <Trans>
              Heures de Paris, {formatOffset(fromUs)}. Durée : {formatDuration(toUs - fromUs)}.
            </Trans>
          </p>
        ) : null}
      </Card>
      {settled.cameras.length > 0 &&
      settled.fromUs !== null &&
      settled.toUs !== null &&
      settled.toUs > settled.fromUs &&
      settled.toUs - settled.fromUs <= RANGE_MAX_US ? (
        <FootageCard
          title={t`Ce qui existe à cet instant`}
          cameras={settled.cameras}
          fromUs={settled.fromUs}
          toUs={settled.toUs}
          answerByUs={instantOf(draft.answer)}
        />
      ) : null}
    </>
  );
}
