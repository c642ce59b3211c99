import { Trans } from "@lingui/react/macro";
import { MotiveField } from "../../parts";

/** What a suspension does, and why it is done. */
export function SuspensionFields() {
  return (
    <>
      <p className="small">
        <Trans>
          En moins de 5 s : plus de direct, plus d’enregistrement, une absence « suspendue » au journal. Ce
          qui existe suit son terme.
        </Trans>
      </p>
      <MotiveField minLength={3} />
    </>
  );
}
