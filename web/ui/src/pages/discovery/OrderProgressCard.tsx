import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { OrderStep, ProvisioningOrder } from "../../api/provisioning";
import {
  buttonClass,
  Card,
  type CheckItem,
  Checklist,
  type CheckState,
  Note,
  RuleTag,
  StateTag,
} from "../../parts";

const STATES: Record<string, CheckState> = {
  todo: "todo",
  running: "running",
  done: "ok",
  ok: "ok",
  warn: "warn",
  failed: "danger",
  refused: "danger",
};

function toItem(step: OrderStep): CheckItem {
  return {
    key: step.name,
    state: STATES[step.state] ?? "todo",
    label: step.words,
    detail: [step.detail, step.todo].filter(Boolean).join(" ") || undefined,
    rule: step.rule || undefined,
  };
}

/** Each check of an enrolment: its result, its rule, its repair. Reloading the page finds it again. */
export function OrderProgressCard({ order }: { order: ProvisioningOrder }) {
  const { t } = useLingui();
  const steps = order.progress.steps ?? [];
  const current = steps.find((step) => step.state === "running");
  return (
    <Card
      title={current?.words ?? (order.status === "done" ? t`Caméra enrôlée` : t`Enrôlement`)}
      aside={
        <StateTag
          state={order.status === "done" ? "done" : order.status === "failed" ? "failed" : "running"}
        />
      }
    >
      <div role="status" className="vh">
        {current?.words ?? (order.status === "done" ? t`Caméra enrôlée` : "")}
      </div>
      {steps.length > 0 ? <Checklist items={steps.map(toItem)} label={t`Contrôles`} /> : null}
      {order.status === "queued" ? (
        <p className="small dim">
          <Trans>L’ordre est signé et attend son tour : quelques secondes.</Trans>
        </p>
      ) : null}
      {order.status === "failed" ? (
        <Note kind="danger" live title={order.error.what ?? t`L’enrôlement s’est arrêté.`}>
          <span>
            {order.error.todo ?? t`Corrigez, puis recommencez : ce qui est fait reste fait.`}{" "}
            <RuleTag rule={order.error.rule} />
          </span>
        </Note>
      ) : null}
      {order.status === "done" ? (
        <Note kind="off" title={<Trans>La caméra est « enrôlée ».</Trans>}>
          <span>
            <Trans>
              Elle n’émet vers personne. Aucune image avant l’autorisation du préfet, même pour vous.
            </Trans>{" "}
            <RuleTag rule="P-20" />
          </span>
        </Note>
      ) : null}
      {order.status === "done" && order.camera ? (
        <div className="row">
          <Link
            className={buttonClass({ kind: "primary" })}
            to="/cameras/$camera"
            params={{ camera: order.camera }}
          >
            <Trans>Ouvrir la caméra</Trans>
          </Link>
          <Link className={buttonClass()} to="/decouverte">
            <Trans>Retour à la découverte</Trans>
          </Link>
        </div>
      ) : null}
    </Card>
  );
}
