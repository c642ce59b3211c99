import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Check, Clock } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { camerasQuery } from "../../api/cameras";
import { type Decision, decide, type RequestDetail, requestQuery } from "../../api/requests";
import { formatDate, formatDateTime, formatDay, formatDuration, formatTime } from "../../i18n/format";
import {
  Button,
  buttonClass,
  Note,
  QueryView,
  Refusal,
  StateTag,
  useAttempt,
  useStepUp,
  useToast,
} from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { useTitle } from "../../shell/Page";
import { cameraNumber } from "../cameras/words";
import { QuerySheet, RefuseSheet } from "./DecisionSheets";
import { FRAMES, fieldText, groundOf } from "./frames";

/** Loaded when it is asked for: its fields for dates weigh more than the page, which a phone opens on a slow network. */
const GrantSheet = lazy(() => import("./GrantSheet").then(({ GrantSheet: sheet }) => ({ default: sheet })));
const PartSheet = lazy(() => import("./PartSheet").then(({ PartSheet: sheet }) => ({ default: sheet })));

/** The mayor's decision: one screen with who, what, why, until when; no picture (P-74). */
export function DecisionPage() {
  const { t } = useLingui();
  useTitle(t`Décision`);
  const { request: id } = useParams({ from: "/app/decision/$request" });
  const query = useQuery(requestQuery(id));
  return (
    <div className="decide">
      <QueryView query={query}>{(request) => <Decide request={request} />}</QueryView>
    </div>
  );
}

function Decide({ request }: { request: RequestDetail }) {
  const decides = useRole("mayor", "deputy");
  const open = request.state === "registered" || request.state === "queried";
  const number = request.number;
  return (
    <>
      <div className="stack-s">
        <p className="small dim">
          <Link to="/decider">
            <Trans>À décider</Trans>
          </Link>
          {" · "}
          <Trans>
            Demande <span className="nowrap">{number}</span>
          </Trans>
        </p>
        <h1>
          <Headline request={request} />
        </h1>
      </div>
      {open ? <Deadline request={request} /> : <Taken request={request} />}
      <Questions request={request} />
      <p className="small dim">
        <Trans>
          Vous décidez sans voir les images. Votre décision est inscrite au journal avec votre fonction et
          l’heure.
        </Trans>
      </p>
      {open && decides ? <Actions request={request} /> : null}
    </>
  );
}

function Headline({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  if (request.frame === "article_40") {
    const length = formatDuration(request.to_us - request.from_us);
    return <Trans>Signalement : {length} d’images</Trans>;
  }
  const asker = request.frame === "droit_acces" ? t`Une personne filmée` : t`Une autorité`;
  const who = fieldText(request, "authority") || asker;
  const length = formatDuration(request.to_us - request.from_us);
  return (
    <Trans>
      {who} demande {length} d’images
    </Trans>
  );
}

function Deadline({ request }: { request: RequestDetail }) {
  if (!request.answer_by_us) {
    return <Note kind="off" title={<Trans>Répondre dans les meilleurs délais.</Trans>} />;
  }
  return (
    <Note
      kind="warn"
      icon={Clock}
      title={
        <Trans>
          Répondre avant {formatDay(request.answer_by_us)}, {formatTime(request.answer_by_us)}.
        </Trans>
      }
    >
      <Trans>Ensuite, le maire et l’adjointe déléguée sont relancés.</Trans>
    </Note>
  );
}

/** Opened twice, or after someone else: the decision taken, without actions. */
function Taken({ request }: { request: RequestDetail }) {
  const { i18n } = useLingui();
  const ground = groundOf(request.ground);
  return (
    <Note
      kind={request.decision === "" || request.decision === "refuse" ? "off" : "ok"}
      live
      title={
        request.state === "filed" || request.state === "lapsed" ? (
          <Trans>Rien à décider : l’identité n’est pas vérifiée.</Trans>
        ) : request.decision === "refuse" ? (
          <Trans>Refus déjà enregistré.</Trans>
        ) : request.outcome ? (
          <Trans>Demande déjà satisfaite.</Trans>
        ) : (
          <Trans>Extraction déjà autorisée.</Trans>
        )
      }
    >
      {request.decided_us ? (
        <span>
          <Trans>
            Le {formatDateTime(request.decided_us)}, {request.decided_by}
          </Trans>
        </span>
      ) : null}
      {ground ? <span>{i18n._(ground.word)}</span> : null}
      <span className="row">
        <Link className={buttonClass({ size: "s" })} to="/demandes/$request" params={{ request: request.id }}>
          <Trans>Suivre la demande</Trans>
        </Link>
      </span>
    </Note>
  );
}

function Questions({ request }: { request: RequestDetail }) {
  const { i18n, t } = useLingui();
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data;
  const frame = FRAMES[request.frame];
  const hold = request.hold_detail;
  const names = request.cameras.map((id) => {
    const camera = cameras?.find((one) => one.id === id);
    if (camera === undefined) return cameras === undefined ? "…" : id;
    return `${cameraNumber(camera)} ${camera.name}`;
  });
  const rank = fieldText(request, "officer_number");
  const report = request.frame === "article_40";
  const exact = formatTime(request.from_us) === formatTime(request.to_us);
  const open = request.state === "registered" || request.state === "queried";
  return (
    <dl className="q card card-s">
      <div>
        <dt>{report ? t`Qui signale` : t`Qui demande`}</dt>
        <dd>
          {report
            ? request.registered_by
            : [fieldText(request, "unit"), fieldText(request, "authority")].filter(Boolean).join(", ")}
          {rank ? <small>{t`Matricule ${rank}`}</small> : null}
          {report ? <small>{request.authority}</small> : null}
        </dd>
      </div>
      <div>
        <dt>{t`Quoi`}</dt>
        <dd>
          <Plural value={names.length} one="# caméra" other="# caméras" />, {names.join(", ")}
          <small>
            <Trans>
              {formatDay(request.from_us)}, de {formatTime(request.from_us, exact)} à{" "}
              {formatTime(request.to_us, exact)}
            </Trans>
          </small>
        </dd>
      </div>
      <div>
        <dt>{t`Pourquoi`}</dt>
        <dd>
          {fieldText(request, "offence") || request.motive}
          <small>
            {[
              fieldText(request, "procedure_number") || fieldText(request, "instruction_number"),
              fieldText(request, "facts"),
              request.motive,
            ]
              .filter(Boolean)
              .join(" · ")}
          </small>
        </dd>
      </div>
      <div>
        <dt>{t`Cadre légal`}</dt>
        <dd>
          {i18n._(frame.name)}, {i18n._(frame.article)}
          <small>
            {request.frame === "droit_acces"
              ? t`Les motifs de refus sont fermés par la loi ; la personne est alors dirigée vers la CNIL.`
              : report
                ? t`Un signalement ne se refuse pas : il est exécuté en entier, ou précisé.`
                : t`La loi ne soumet pas la réquisition à votre accord : vous organisez la réponse. Refuser suppose un motif de droit.`}
          </small>
        </dd>
      </div>
      {open ? (
        <div>
          <dt>{t`Contrôle`}</dt>
          <dd>
            <StateTag state={request.state === "queried" ? "queried" : "done"}>
              {request.state === "queried" ? undefined : t`Champs exigés remplis`}
            </StateTag>
            <small>
              {hold
                ? t`Images gelées jusqu’au ${formatDate(hold.until_us)}. Rien n’est encore sorti.`
                : t`Rien n’est encore sorti.`}
            </small>
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

function Actions({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const guarded = useStepUp();
  const toast = useToast();
  const [sheet, setSheet] = useState<"grant" | "part" | "query" | "refuse" | null>(null);
  const person = request.frame === "droit_acces";
  const { busy, error, attempt } = useAttempt();
  const send = async (decision: Decision, done: string) => {
    await attempt(async () => {
      await guarded(() => decide(request.id, decision), true);
      setSheet(null);
      toast(done);
    });
    for (const key of ["request", "requests", "holds"]) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <>
      {error && !sheet ? <Refusal error={error} /> : null}
      <fieldset className="bottom" aria-label={t`Votre décision`}>
        <div>
          <Button
            kind="primary"
            size="l"
            className="wide"
            icon={Check}
            busy={busy && !sheet}
            onClick={() => {
              if (person) setSheet("grant");
              else void send({ decision: "execute" }, t`Extraction autorisée.`);
            }}
          >
            {person ? <Trans>Satisfaire…</Trans> : <Trans>Autoriser l’extraction</Trans>}
          </Button>
          {person || request.part_grounds.length === 0 ? null : (
            <Button size="l" aria-label={t`Exécuter en partie…`} onClick={() => setSheet("part")}>
              <span className="only-l">
                <Trans>Exécuter en partie…</Trans>
              </span>
              <span className="only-s">
                <Trans>En partie…</Trans>
              </span>
            </Button>
          )}
          <Button size="l" aria-label={t`Demander des précisions…`} onClick={() => setSheet("query")}>
            <span className="only-l">
              <Trans>Demander des précisions…</Trans>
            </span>
            <span className="only-s">
              <Trans>Précisions…</Trans>
            </span>
          </Button>
          {request.grounds.length === 0 ? null : (
            <Button kind="danger" size="l" onClick={() => setSheet("refuse")}>
              <Trans>Refuser…</Trans>
            </Button>
          )}
        </div>
      </fieldset>
      {sheet === "grant" ? (
        <Suspense>
          <GrantSheet
            request={request}
            busy={busy}
            error={error}
            onClose={() => setSheet(null)}
            onSend={(decision) => void send(decision, t`Demande satisfaite.`)}
          />
        </Suspense>
      ) : null}
      {sheet === "part" ? (
        <Suspense>
          <PartSheet
            request={request}
            busy={busy}
            error={error}
            onClose={() => setSheet(null)}
            onSend={(ground, part) =>
              void send({ decision: "execute", ground, part }, t`Extraction autorisée en partie.`)
            }
          />
        </Suspense>
      ) : null}
      <QuerySheet
        open={sheet === "query"}
        busy={busy}
        error={error}
        onClose={() => setSheet(null)}
        onSend={(comment) => void send({ decision: "query", comment }, t`Précisions demandées.`)}
      />
      <RefuseSheet
        grounds={request.grounds}
        open={sheet === "refuse"}
        busy={busy}
        error={error}
        onClose={() => setSheet(null)}
        onSend={(ground, comment) => void send({ decision: "refuse", ground, comment }, t`Refus enregistré.`)}
      />
    </>
  );
}
