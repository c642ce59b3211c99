import { Trans, useLingui } from "@lingui/react/macro";
import { MapPin, MapPinOff } from "lucide-react";
import type { Camera } from "../../api/cameras";
import { degreesOf, type Position, placeCamera, udegOf } from "../../api/siting";
import { ActButton, Card, EmptyState, Facts, RuleTag, StateTag, TextField, textOf } from "../../parts";
import { useRole } from "../../session/SessionContext";

const REACH_MAX_M = 2000;
/** Degrees as they are typed, with a point or a comma. */
const DEGREES = "[+\\-]?\\d{1,3}([.,]\\d+)?";

/** Where the camera stands, where it looks and how far: what the préfecture's detail plan draws (P-22). */
export function PositionCard({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const places = useRole("installer", "chief", "mayor", "deputy");
  const { position } = camera.legal;
  return (
    <Card
      title={<Trans>Position et zone couverte</Trans>}
      aside={
        <StateTag state={position ? "verified" : "todo"}>
          {position ? t`Au plan de détail` : t`À noter`}
        </StateTag>
      }
    >
      {position ? (
        <Placed position={position} />
      ) : (
        <EmptyState icon={MapPinOff} title={<Trans>Position non notée</Trans>}>
          <p>
            <Trans>Le plan de détail de la préfecture la dit manquante : elle n’y est pas dessinée.</Trans>{" "}
            <RuleTag rule="P-22" />
          </p>
        </EmptyState>
      )}
      {places && camera.legal.state !== "retired" ? (
        <div className="row">
          <PlaceAct camera={camera} position={position ?? null} />
        </div>
      ) : null}
    </Card>
  );
}

function Placed({ position }: { position: Position }) {
  const { t } = useLingui();
  const { direction_deg, angle_deg, reach_m } = position;
  const place = `${degreesOf(position.latitude_udeg)}, ${degreesOf(position.longitude_udeg)}`;
  return (
    <Facts
      items={[
        { label: t`Latitude et longitude`, value: <span className="num">{place}</span> },
        {
          label: t`Direction`,
          value: angle_deg === 360 ? t`tous côtés` : t`${direction_deg}° depuis le nord`,
        },
        { label: t`Champ`, value: `${angle_deg}°` },
        { label: t({ message: "Portée", context: "distance" }), value: `${reach_m} m` },
      ]}
    />
  );
}

function PlaceAct({ camera, position }: { camera: Camera; position: Position | null }) {
  const { t } = useLingui();
  const run = (data: FormData) =>
    placeCamera(camera.commune, camera.id, {
      latitude_udeg: udegOf(textOf(data, "latitude")),
      longitude_udeg: udegOf(textOf(data, "longitude")),
      direction_deg: Number(textOf(data, "direction")),
      angle_deg: Number(textOf(data, "angle")),
      reach_m: Number(textOf(data, "reach")),
    });
  const degrees = { required: true, inputMode: "decimal", pattern: DEGREES, autoComplete: "off" } as const;
  const whole = {
    required: true,
    type: "number",
    inputMode: "numeric",
    step: 1,
    autoComplete: "off",
  } as const;
  return (
    <ActButton
      label={position ? <Trans>Corriger la position…</Trans> : <Trans>Noter la position…</Trans>}
      size="s"
      icon={MapPin}
      title={<Trans>Position et zone couverte</Trans>}
      confirm={<Trans>Enregistrer</Trans>}
      run={run}
      stale={["camera", "cameras", "journal"]}
      done={t`Position notée.`}
    >
      <p className="small">
        <Trans>
          Une caméra déplacée ou tournée attend un nouvel arrêté : déclarez-le d’abord par « Déclarer une
          modification ».
        </Trans>{" "}
        <RuleTag rule="P-27" />
      </p>
      <div className="form-2">
        <TextField
          {...degrees}
          label={t`Latitude`}
          name="latitude"
          defaultValue={position ? degreesOf(position.latitude_udeg) : ""}
          help={t`En degrés, six décimales : 48,123456.`}
        />
        <TextField
          {...degrees}
          label={t`Longitude`}
          name="longitude"
          defaultValue={position ? degreesOf(position.longitude_udeg) : ""}
          help={t`Négative à l’ouest de Greenwich.`}
        />
        <TextField
          {...whole}
          label={t`Direction, en degrés`}
          name="direction"
          min={0}
          max={359}
          defaultValue={position?.direction_deg}
          help={t`0 au nord, 90 à l’est.`}
        />
        <TextField
          {...whole}
          label={t`Champ, en degrés`}
          name="angle"
          min={1}
          max={360}
          defaultValue={position?.angle_deg}
          help={t`360 si elle tourne de tous côtés.`}
        />
        <TextField
          {...whole}
          label={t`Portée, en mètres`}
          name="reach"
          min={1}
          max={REACH_MAX_M}
          defaultValue={position?.reach_m}
        />
      </div>
    </ActButton>
  );
}
