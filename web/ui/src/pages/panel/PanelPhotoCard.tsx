import "./panelPhoto.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { Camera as CameraIcon, ImageOff } from "lucide-react";
import type { Camera } from "../../api/cameras";
import { panelPhotoUrl, postPanelPhoto } from "../../api/panelPhoto";
import { fileOf } from "../../api/upload";
import { formatDate, nowUs, toParisFields } from "../../i18n/format";
import { ActButton, Card, EmptyState, RuleTag, StateTag, TextField, textOf } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { useRole } from "../../session/SessionContext";

const PLACE_MAX_CHARS = 200;

/** The posted notice as it was photographed: when, where; whoever notes panels sends the picture (P-80). */
export function PanelPhotoCard({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const notes = useRole("installer", "chief", "mayor", "deputy");
  const { panel } = camera.legal;
  if (!panel) return null;
  const { photo } = panel;
  const posted = formatDate(panel.date_us);
  const day = formatDate(photo?.date_us ?? panel.date_us);
  const place = photo?.place ?? panel.place;
  return (
    <Card
      title={<Trans>Panneau d’information</Trans>}
      aside={
        <StateTag state={photo ? "verified" : "todo"}>
          {photo ? t`Photographié` : t`À photographier`}
        </StateTag>
      }
    >
      {photo ? (
        <figure className="panel-photo">
          <img
            src={panelPhotoUrl(camera.commune, camera.id, photo.sha256)}
            alt={t`Le panneau posé, ${place}`}
            loading="lazy"
          />
          <figcaption className="small">
            <Trans>
              {place}. Posé le {posted}, photographié le {day}.
            </Trans>{" "}
            <RuleTag rule="P-80" />
          </figcaption>
        </figure>
      ) : (
        <EmptyState icon={ImageOff} title={<Trans>Pas encore de photographie</Trans>}>
          <p>
            <Trans>
              Posé le {posted}, {place}. Une photographie le montre dans le dossier de la préfecture.
            </Trans>{" "}
            <RuleTag rule="P-80" />
          </p>
        </EmptyState>
      )}
      {notes && camera.legal.state !== "retired" ? (
        <div className="row">
          <PhotoAct camera={camera} place={place} again={Boolean(photo)} />
        </div>
      ) : null}
    </Card>
  );
}

interface PhotoActProps {
  camera: Camera;
  place: string;
  again: boolean;
}

function PhotoAct({ camera, place, again }: PhotoActProps) {
  const { t } = useLingui();
  const run = (data: FormData) =>
    postPanelPhoto(camera.commune, camera.id, {
      file: fileOf(data),
      date: textOf(data, "date"),
      place: textOf(data, "place"),
    });
  return (
    <ActButton
      label={again ? <Trans>Remplacer la photographie…</Trans> : <Trans>Ajouter une photographie…</Trans>}
      size="s"
      icon={CameraIcon}
      title={<Trans>Photographie du panneau</Trans>}
      confirm={<Trans>Envoyer</Trans>}
      run={run}
      stale={["camera", "cameras", "journal"]}
      done={t`Photographie gardée.`}
    >
      <p className="small">
        <Trans>
          Le panneau seul, lisible, sans passant ni plaque : attendez que la rue soit vide. La position que le
          téléphone y écrit n’est pas gardée.
        </Trans>
      </p>
      <TextField
        label={t`Fichier`}
        name="file"
        type="file"
        accept="image/jpeg,image/png"
        required
        help={t`JPEG ou PNG, 12 Mo au plus.`}
      />
      <DateField label={t`Prise le`} name="date" required defaultValue={toParisFields(nowUs()).date} />
      <TextField
        label={t`Emplacement du panneau`}
        name="place"
        required
        maxLength={PLACE_MAX_CHARS}
        autoComplete="off"
        defaultValue={place}
      />
    </ActButton>
  );
}
