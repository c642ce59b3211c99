import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Stamp } from "lucide-react";
import { type Frame, type Part, type RequestDetail, requestQuery } from "../../api/requests";
import { formatDateTime, formatLong, formatSpan } from "../../i18n/format";
import { buttonClass, Card, type Fact, Facts, Note, QueryView, RuleTag, StateTag, Steps } from "../../parts";
import { useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { AccessCard } from "./AccessCard";
import { BasisCard } from "./BasisCard";
import { CompleteAct } from "./CompleteAct";
import { ExtractionCard } from "./ExtractionCard";
import { FootageCard } from "./FootageCard";
import {
  DELIVERIES,
  FIELD_WORDS,
  FRAMES,
  fieldText,
  fieldWord,
  groundOf,
  OUTCOMES,
  REQUEST_STATES,
} from "./frames";
import { requestSteps } from "./requestSteps";

/** One request, from its registering to the destruction of our copy. */
export function RequestPage() {
  const { t } = useLingui();
  const { request: id } = useParams({ from: "/app/demandes/$request" });
  const query = useQuery(requestQuery(id));
  const collects = useRole("state_agent");
  const above = { to: "/demandes", word: collects ? t`Collectes` : t`Demandes` };
  if (!query.data) {
    return (
      <>
        <PageHead title={t`Demande`} above={{ ...above, here: id }} />
        <QueryView query={query}>{() => null}</QueryView>
      </>
    );
  }
  const request = query.data;
  const number = request.number;
  const state = REQUEST_STATES[request.state].state;
  return (
    <>
      <PageHead
        title={
          request.basis
            ? t`Collecte ${number}`
            : request.frame === "droit_acces"
              ? t`Droit d’accès ${number}`
              : request.frame === "article_40"
                ? t`Signalement ${number}`
                : t`Demande ${number}`
        }
        above={{ ...above, here: number }}
        state={
          <span role="status">
            <StateTag state={state} />
          </span>
        }
        acts={
          <>
            <CompleteAct request={request} />
            <DecideLink request={request} />
          </>
        }
      />
      <section className="card" aria-label={t`Étapes de la demande`}>
        <Steps steps={requestSteps(request)} label={t`Étapes de la demande`} />
      </section>
      <div className="cols">
        <div className="stack">
          <AskedCard request={request} />
          <AccessCard request={request} />
          <FootageCard cameras={request.cameras} fromUs={request.from_us} toUs={request.to_us} />
          <ExtractionCard request={request} />
        </div>
        <div className="stack">
          {request.basis ? <BasisCard request={request} /> : <DecisionCard request={request} />}
          <HoldCard request={request} />
        </div>
      </div>
    </>
  );
}

function DecideLink({ request }: { request: RequestDetail }) {
  const decides = useRole("mayor", "deputy");
  if (!decides || (request.state !== "registered" && request.state !== "queried")) return null;
  return (
    <Link
      className={buttonClass({ kind: "primary" })}
      to="/decision/$request"
      params={{ request: request.id }}
    >
      <Stamp className="ic" aria-hidden />
      <Trans>Décider</Trans>
    </Link>
  );
}

function AskedCard({ request }: { request: RequestDetail }) {
  const { t, i18n } = useLingui();
  const frame = FRAMES[request.frame];
  const facts: (Fact | null)[] = [
    { label: t`Cadre`, value: `${i18n._(frame.name)}, ${i18n._(frame.article)}` },
    ...frame.fields.map((name): Fact | null => {
      const text = fieldText(request, name);
      const delivery = name === "delivery" ? DELIVERIES[text] : undefined;
      const label = i18n._(fieldWord(name, Boolean(request.basis), request.frame));
      if (delivery) return { label, value: i18n._(delivery) };
      if (request.fields[name] === true) return { label, value: t`oui` };
      return text ? { label, value: text } : null;
    }),
    ...(["prosecutor_authorisation", "general_instruction"] as const).map((name): Fact | null => {
      const text = fieldText(request, name);
      return text ? { label: i18n._(FIELD_WORDS[name]), value: text } : null;
    }),
    { label: t`Objet`, value: request.motive },
  ];
  return (
    <Card title={<Trans>Demande</Trans>} aside={<RuleTag rule="P-72" />}>
      <Facts items={facts} />
    </Card>
  );
}

function DecisionCard({ request }: { request: RequestDetail }) {
  const { i18n, t } = useLingui();
  const ground = groundOf(request.ground);
  const words = {
    "": t`Décision attendue.`,
    execute: request.outcome
      ? i18n._(OUTCOMES[request.outcome].word)
      : request.asked
        ? t`Extraction autorisée en partie.`
        : t`Extraction autorisée.`,
    query: t`Précisions demandées au requérant.`,
    refuse: t`Refus motivé.`,
  }[request.decision];
  const kind = request.decision === "execute" ? "ok" : request.decision === "" ? "off" : "warn";
  return (
    <Card title={<Trans>Décision du maire</Trans>}>
      <Note kind={kind} title={words}>
        {request.decided_us ? (
          <span>
            <Trans>
              Le {formatDateTime(request.decided_us)}, {request.decided_by}
            </Trans>
          </span>
        ) : request.answer_by_us ? (
          <span>
            <Trans>
              Réponse avant le {formatDateTime(request.answer_by_us)}. Ensuite, le maire et l’adjointe
              déléguée sont relancés.
            </Trans>
          </span>
        ) : null}
        {ground ? <span>{i18n._(ground.word)}</span> : null}
        {request.asked ? <Asked asked={request.asked} /> : null}
        {request.comment ? <span>« {request.comment} »</span> : null}
      </Note>
      <p className="small dim">
        {request.frame === "droit_acces" ? (
          <Trans>Les motifs de refus sont fermés par la loi ; la lettre dit les recours.</Trans>
        ) : request.frame === "article_40" ? (
          <Trans>Un signalement ne se refuse pas : il est exécuté en entier, ou précisé.</Trans>
        ) : (
          <Trans>
            La loi ne soumet pas une réquisition à l’accord du maire : il organise la réponse. Refuser suppose
            un motif de droit.
          </Trans>
        )}{" "}
        <RuleTag rule={DECISION_RULES[request.frame] ?? "P-74"} />
      </p>
    </Card>
  );
}

/** The rule that binds the decision, where it is not the réquisition's. */
const DECISION_RULES: Partial<Record<Frame, string>> = { droit_acces: "P-83", article_40: "P-77" };

/** What the requester wanted, beside the less that was granted. */
function Asked({ asked }: { asked: Part }) {
  const span = formatSpan(asked.from_us, asked.to_us);
  return (
    <span>
      <Plural value={asked.cameras.length} one="Demandé : # caméra" other="Demandé : # caméras" />, {span}
    </span>
  );
}

function HoldCard({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  const hold = request.hold_detail;
  if (!hold) {
    return (
      <Card title={<Trans>Gel</Trans>} aside={<RuleTag rule="P-85" />}>
        <Note kind="warn" title={<Trans>Cette plage n’est pas gelée.</Trans>}>
          <Trans>Elle l’est dès que l’identité est vérifiée, si les images existent encore.</Trans>
        </Note>
      </Card>
    );
  }
  return (
    <Card
      title={hold && !hold.provisional ? <Trans>Gel confirmé</Trans> : <Trans>Gel provisoire</Trans>}
      aside={
        <StateTag
          state={
            hold && !hold.active
              ? "hold-released"
              : hold && !hold.provisional
                ? "hold-confirmed"
                : "hold-provisional"
          }
        />
      }
    >
      <Facts
        items={[
          { label: t`Depuis`, value: formatDateTime(request.registered_us) },
          hold ? { label: t`Jusqu’au`, value: formatLong(hold.until_us) } : null,
        ]}
      />
      <p className="small dim">
        {request.basis || request.frame === "article_40" ? (
          <Trans>Quinze jours, ou jusqu’à l’accusé de réception.</Trans>
        ) : (
          <Trans>
            Rien n’est montré ni copié. Confirmé pour la durée de la procédure dès l’autorisation.
          </Trans>
        )}{" "}
        <RuleTag rule="P-34" />
      </p>
    </Card>
  );
}
