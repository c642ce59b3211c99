import { Trans, useLingui } from "@lingui/react/macro";
import { type Dispatch, useState } from "react";
import { Card, Note, SelectField, StateTag, TextField } from "../parts";
import { type Act, type Drawing, letterOf, REASONS, type Reason } from "./drawing";
import { problemOf } from "./polygon";
import { useProblemWords, useReasonWords } from "./zoneWords";

/** The active zone and point: typed coordinates, nature, and whether the shape is right. */
export function PointCard({ drawing, act }: { drawing: Drawing; act: Dispatch<Act> }) {
  const { t } = useLingui();
  const reasons = useReasonWords();
  const problems = useProblemWords();
  const zone = drawing.zones[drawing.zone];
  if (zone === undefined) return null;
  const letter = letterOf(drawing.zone);
  const count = zone.points.length;
  const number = drawing.point + 1;
  const point = zone.points[drawing.point];
  const problem = problemOf(zone.points);
  return (
    <Card
      dense
      title={
        point === undefined ? (
          <Trans>Zone {letter}</Trans>
        ) : (
          <Trans>
            Zone {letter}, point {number} sur {count}
          </Trans>
        )
      }
      aside={
        problem === undefined ? (
          <StateTag state="verified">
            <Trans>Tracé valide</Trans>
          </StateTag>
        ) : (
          <StateTag state="warning">
            <Trans>Tracé à corriger</Trans>
          </StateTag>
        )
      }
    >
      <div className="cols-4 pt">
        {point === undefined ? null : (
          <>
            <Coordinate
              key={`x${drawing.zone}.${drawing.point}.${point[0]}`}
              label={t`Position X`}
              value={point[0]}
              onValue={(x) => act({ do: "type-point", to: [x, point[1]] })}
            />
            <Coordinate
              key={`y${drawing.zone}.${drawing.point}.${point[1]}`}
              label={t`Position Y`}
              value={point[1]}
              onValue={(y) => act({ do: "type-point", to: [point[0], y] })}
            />
          </>
        )}
        <SelectField
          label={t`Nature de la zone`}
          value={zone.reason}
          onChange={(event) => act({ do: "reason", reason: event.currentTarget.value as Reason })}
        >
          {REASONS.map((reason) => (
            <option key={reason} value={reason}>
              {reasons[reason]}
            </option>
          ))}
        </SelectField>
      </div>
      {problem === undefined ? null : <Note kind="warn" live title={problems(problem)} />}
    </Card>
  );
}

/** A share of the picture, typed with a comma or a point. */
function Coordinate({
  label,
  value,
  onValue,
}: {
  label: string;
  value: number;
  onValue: (value: number) => void;
}) {
  const { t } = useLingui();
  const [error, setError] = useState("");
  const submit = (text: string): void => {
    const typed = Number(text.replace(",", "."));
    if (text.trim() === "" || Number.isNaN(typed)) setError(t`Tapez un nombre entre 0 et 1.`);
    else {
      setError("");
      if (typed !== value) onValue(typed);
    }
  };
  return (
    <TextField
      label={label}
      inputMode="decimal"
      autoComplete="off"
      defaultValue={String(Math.round(value * 10_000) / 10_000).replace(".", ",")}
      error={error}
      onBlur={(event) => submit(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") submit(event.currentTarget.value);
      }}
    />
  );
}
