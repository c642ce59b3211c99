import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { CircleAlert, X } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { type Camera, camerasQuery } from "../../api/cameras";
import { formatDuration, formatOffset } from "../../i18n/format";
import { Card, TextField } from "../../parts";
import { instantOf, ParisInstant } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";
import { cameraNumber } from "../cameras/words";
import { FootageCard } from "./FootageCard";
import type { Missing, RequestDraft } from "./requestForm";

/** Most cameras proposed at once under the search field. */
const PROPOSED_MAX = 12;
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

interface CameraPickerProps {
  chosen: readonly string[];
  onChange: (cameras: string[]) => void;
  error: boolean;
}

function CameraPicker({ chosen, onChange, error }: CameraPickerProps) {
  const { t } = useLingui();
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const [text, setText] = useState("");
  const needle = text.trim().toLowerCase();
  const nameOf = (id: string) => {
    const camera = cameras.find((one) => one.id === id);
    return camera ? label(camera) : id;
  };
  const proposed = cameras
    .filter((camera) => !chosen.includes(camera.id) && label(camera).toLowerCase().includes(needle))
    .slice(0, PROPOSED_MAX);
  return (
    <div className="stack-s">
      <TextField
        label={t`Ajouter une caméra`}
        type="search"
        placeholder={t`Numéro, lieu ou adresse`}
        value={text}
        onChange={(event) => setText(event.target.value)}
        help={t`Elle s’ajoute en la choisissant dans la liste dessous.`}
      />
      <ul className="row" aria-label={t`Caméras proposées`}>
        {proposed.map((camera) => (
          <li key={camera.id}>
            <button className="chip" type="button" onClick={() => onChange([...chosen, camera.id])}>
              <span aria-hidden>+</span>
              <span className="vh">
                <Trans>Ajouter</Trans>
              </span>
              {label(camera)}
            </button>
          </li>
        ))}
      </ul>
      <p className="small strong" role="status">
        {chosen.length > 0 ? t`Choisies : ${chosen.length}` : null}
      </p>
      <ul className="row" aria-label={t`Caméras choisies`}>
        {chosen.map((id) => (
          <li key={id}>
            <button
              className="chip chip-on"
              type="button"
              onClick={() => onChange(chosen.filter((one) => one !== id))}
            >
              {nameOf(id)}
              <X className="ic" aria-hidden />
              <span className="vh">
                <Trans>, retirer</Trans>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {error ? (
        <p className="err">
          <CircleAlert className="ic" aria-hidden />
          <span>{t`Choisissez une caméra au moins.`}</span>
        </p>
      ) : null}
    </div>
  );
}

function label(camera: Camera): string {
  return [`${cameraNumber(camera)} ${camera.name}`, camera.place].filter(Boolean).join(", ");
}
