import { Trans } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { ImageAct } from "../../api/people";
import { buttonClass } from "../../parts";

/** From a refusal to what the gate looked at, for the person who was refused. */
export function WhyLink({ act, camera }: { act: ImageAct; camera: string }) {
  return (
    <Link className={buttonClass({ size: "s" })} to="/pourquoi" search={{ acte: act, camera } as never}>
      <Trans>Pourquoi ?</Trans>
    </Link>
  );
}
