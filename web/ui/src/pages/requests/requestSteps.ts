import { i18n } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { FootageRequest } from "../../api/requests";
import { formatDateTime } from "../../i18n/format";
import type { Step, StepState } from "../../parts";
import { REQUEST_STATES } from "./frames";

/** The six steps in words with dates and functions: one list for requester, agent and mayor. */
export function requestSteps(request: FootageRequest): Step[] {
  const at = REQUEST_STATES[request.state].step;
  const refused = request.state === "refused" || request.state === "lapsed";
  const over = ["received", "purged", "answered"].includes(request.state);
  const stateOf = (step: number): StepState => {
    if (step < at || over) return "done";
    if (step > at) return "todo";
    return refused ? "bad" : "current";
  };
  const soon = i18n._(msg`à venir`);
  const answer = request.answer_by_us
    ? i18n._(msg`avant le ${formatDateTime(request.answer_by_us)}`)
    : i18n._(msg`dans les meilleurs délais`);
  const steps: Step[] = [
    {
      key: "received",
      label: request.basis ? i18n._(msg`Ouverte`) : i18n._(msg`Reçue`),
      detail: formatDateTime(request.registered_us),
      detail2: request.registered_by,
      state: "done",
    },
    {
      key: "hold",
      label: request.identity_by_us ? i18n._(msg`Identité à vérifier`) : i18n._(msg`Gel provisoire`),
      detail: formatDateTime(request.registered_us),
      detail2: i18n._(msg`Automatique`),
      state: request.state === "queried" ? "done" : stateOf(2),
    },
    {
      key: "decision",
      label: request.state === "refused" ? i18n._(msg`Refusée`) : i18n._(msg`Décision`),
      detail: request.decided_us && at > 2 ? formatDateTime(request.decided_us) : answer,
      detail2: (at > 2 && request.decided_by) || i18n._(msg`Maire ou adjointe déléguée`),
      state: request.state === "queried" ? "current" : stateOf(3),
    },
    {
      key: "extraction",
      label: i18n._(msg`Extraction`),
      detail: request.package.built_us ? formatDateTime(request.package.built_us) : soon,
      detail2: i18n._(msg`Personne habilitée`),
      state: stateOf(4),
    },
    {
      key: "delivery",
      label: i18n._(msg`Remise`),
      detail: request.package.received_us ? formatDateTime(request.package.received_us) : soon,
      detail2: i18n._(msg`Contre reçu`),
      state: stateOf(5),
    },
    {
      key: "destruction",
      label: i18n._(msg`Copie détruite`),
      detail: request.package.purge_us
        ? formatDateTime(request.package.purged_us ?? request.package.purge_us)
        : soon,
      detail2: i18n._(msg`Automatique`),
      state: request.state === "purged" ? "done" : "todo",
    },
  ];
  // Nobody decides a collection (P-73).
  if (request.basis) return steps.filter(({ key }) => key !== "decision");
  // Answered without a copy: nothing is extracted or handed over.
  return request.state === "answered" ? steps.slice(0, 3) : steps;
}
