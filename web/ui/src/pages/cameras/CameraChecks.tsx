import type { Camera } from "../../api/cameras";
import { Check } from "../../parts";
import { cameraNumber } from "./words";

/** The commune's cameras to tick, in the form as `cameras`. */
export function CameraChecks({ cameras }: { cameras: readonly Camera[] }) {
  return cameras.map((camera) => (
    <Check
      key={camera.id}
      name="cameras"
      value={camera.id}
      label={`${cameraNumber(camera)} ${camera.name}`}
    />
  ));
}
