import type { ReactNode } from "react";
import { Check } from "../../parts";

interface CameraChecksProps {
  legend: ReactNode;
  cameras: readonly string[];
  nameOf: (camera: string) => string;
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** Which of a request's cameras are meant: one box each. */
export function CameraChecks({ legend, cameras, nameOf, chosen, onChange }: CameraChecksProps) {
  return (
    <fieldset className="stack-s">
      <legend className="lab">{legend}</legend>
      {cameras.map((id) => (
        <Check
          key={id}
          label={nameOf(id)}
          checked={chosen.includes(id)}
          onChange={({ target }) =>
            onChange(target.checked ? [...chosen, id] : chosen.filter((one) => one !== id))
          }
        />
      ))}
    </fieldset>
  );
}
