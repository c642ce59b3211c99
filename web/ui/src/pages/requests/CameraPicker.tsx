import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { CircleAlert, X } from "lucide-react";
import { useState } from "react";
import { type Camera, camerasQuery } from "../../api/cameras";
import { TextField } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { cameraNumber } from "../cameras/words";

/** Most cameras proposed at once under the search field. */
const PROPOSED_MAX = 12;

interface CameraPickerProps {
  chosen: readonly string[];
  onChange: (cameras: string[]) => void;
  error: boolean;
}

/** Cameras of this commune, found by number, place or address, and those chosen. */
export function CameraPicker({ chosen, onChange, error }: CameraPickerProps) {
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
        help={t`Elle s’ajoute en la choisissant dans la liste ci-dessous.`}
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
