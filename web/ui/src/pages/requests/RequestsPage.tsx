import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Inbox, Plus } from "lucide-react";
import { useState } from "react";
import { camerasQuery } from "../../api/cameras";
import { type FootageRequest, requestsQuery, waitsFor } from "../../api/requests";
import type { Role } from "../../api/session";
import { formatDateTime, formatDuration, formatSpan, nowUs } from "../../i18n/format";
import {
  Button,
  buttonClass,
  type Column,
  DataTable,
  EmptyState,
  Note,
  QueryView,
  StateTag,
  TimeText,
} from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { destructionUs } from "./FootageCard";
import { FRAMES, REQUEST_STATES, STEPS_COUNT } from "./frames";

type Tab = "open" | "delivered" | "refused" | "all";

function inTab(request: FootageRequest, tab: Tab, role: Role): boolean {
  if (tab === "open") return waitsFor(request, role);
  if (tab === "delivered") return ["answered", "received", "purged"].includes(request.state);
  if (tab === "refused") return request.state === "refused";
  return true;
}

/** Requests for images addressed to the commune. The range asked for is frozen on registering. */
export function RequestsPage() {
  const { t } = useLingui();
  const acting = useActing();
  const registers = useRole("secretary", "officer", "chief", "mayor", "deputy");
  const collects = useRole("state_agent");
  const query = useQuery(requestsQuery(acting.commune));
  const newRequest =
    registers || collects ? (
      <Link className={buttonClass({ kind: "primary" })} to="/demandes/nouvelle">
        <Plus className="ic" aria-hidden />
        {collects ? <Trans>Ouvrir une collecte</Trans> : <Trans>Enregistrer une demande</Trans>}
      </Link>
    ) : null;
  return (
    <>
      <PageHead
        title={collects ? t`Vos collectes` : t`Demandes d’images`}
        lead={
          collects ? (
            <Trans>
              Enregistrements de {acting.name || acting.commune} que vous collectez pour vos enquêtes, sans
              réquisition. La plage est gelée dès l’ouverture.
            </Trans>
          ) : (
            <Trans>
              Réquisitions et demandes d’accès adressées à {acting.name || acting.commune}. La plage demandée
              est gelée dès l’enregistrement.
            </Trans>
          )
        }
        acts={newRequest}
      />
      <QueryView
        query={query}
        isEmpty={(requests) => requests.length === 0}
        empty={
          <div className="card">
            <EmptyState
              icon={Inbox}
              level={2}
              title={collects ? <Trans>Aucune collecte</Trans> : <Trans>Aucune demande en attente</Trans>}
              actions={newRequest}
            >
              <p>
                {collects ? (
                  <Trans>Choisissez une plage à la relecture, ou ouvrez une collecte ici.</Trans>
                ) : (
                  <Trans>
                    Une réquisition reçue s’enregistre ici : elle gèle aussitôt les images demandées.
                  </Trans>
                )}
              </p>
            </EmptyState>
          </div>
        }
      >
        {(requests) => <RequestList requests={requests} />}
      </QueryView>
    </>
  );
}

function RequestList({ requests }: { requests: readonly FootageRequest[] }) {
  const { t } = useLingui();
  const role: Role = useRole("state_agent") ? "state_agent" : "secretary";
  const [tab, setTab] = useState<Tab>("open");
  const [text, setText] = useState("");
  const tabs: { id: Tab; word: string }[] = [
    { id: "open", word: t`À traiter` },
    { id: "delivered", word: t`Remises` },
    { id: "refused", word: t`Refusées` },
    { id: "all", word: t`Toutes` },
  ];
  const needle = text.trim().toLowerCase();
  const shown = requests.filter((request) => inTab(request, tab, role) && matches(request, needle));
  const columns = useColumns();
  return (
    <>
      <EndsBeforeDecision requests={requests} />
      <section className="card card-0" aria-label={t`Liste des demandes`}>
        <header className="list-head">
          <fieldset className="tabs" aria-label={t`Trier par étape`}>
            {tabs.map(({ id, word }) => (
              <button key={id} type="button" aria-pressed={tab === id} onClick={() => setTab(id)}>
                {word}
                <span className="tag">{requests.filter((request) => inTab(request, id, role)).length}</span>
              </button>
            ))}
          </fieldset>
          <input
            className="inp inp-s"
            type="search"
            aria-label={t`N°, service, procès-verbal`}
            placeholder={t`N°, service, procès-verbal…`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </header>
        {shown.length > 0 ? (
          <DataTable
            caption={t`Demandes d’images`}
            columns={columns}
            rows={shown}
            rowKey={(request) => request.id}
          />
        ) : (
          <NothingShown
            text={text.trim()}
            onClear={() => {
              setText("");
              setTab("all");
            }}
          />
        )}
      </section>
      <p className="small dim">
        <Plural value={shown.length} one="# demande affichée" other="# demandes affichées" />
        {". "}
        <Trans>
          Les demandes closes restent trois ans au plus au journal ; leurs images suivent la conservation du
          destinataire.
        </Trans>
      </p>
    </>
  );
}

function matches(request: FootageRequest, needle: string): boolean {
  if (needle === "") return true;
  const words = [request.number, request.authority, request.procedure_number, request.motive];
  return words.join(" ").toLowerCase().includes(needle);
}

function NothingShown({ text, onClear }: { text: string; onClear: () => void }) {
  return (
    <EmptyState
      icon={Inbox}
      title={text ? <Trans>Rien pour « {text} »</Trans> : <Trans>Aucune demande à cette étape</Trans>}
      actions={
        <Button size="s" onClick={onClear}>
          <Trans>Voir toutes les demandes</Trans>
        </Button>
      }
    >
      <p>
        <Trans>Vérifiez le numéro, ou cherchez dans toutes les demandes.</Trans>
      </p>
    </EmptyState>
  );
}

/** The first warning: footage that reaches its end before the answer is due. */
function EndsBeforeDecision({ requests }: { requests: readonly FootageRequest[] }) {
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const days = new Map(cameras.map((camera) => [camera.id, camera.legal.retention_days]));
  const ends = requests
    .filter((request) => waitsFor(request, "secretary") && request.answer_by_us)
    .map((request) => {
      const known = request.cameras
        .map((camera) => days.get(camera))
        .filter((one) => typeof one === "number");
      return { request, us: known.length > 0 ? destructionUs(request.from_us, Math.min(...known)) : null };
    });
  const first = ends.find(({ request, us }) => us !== null && us < (request.answer_by_us ?? 0));
  if (!first?.us) return null;
  return (
    <Note
      kind="warn"
      title={
        <Trans>
          {first.request.number} : les images arrivent à leur terme le {formatDateTime(first.us)}.
        </Trans>
      }
    >
      <Trans>Le gel provisoire les protège quinze jours après l’enregistrement. Décidez avant sa fin.</Trans>
    </Note>
  );
}

function useColumns(): Column<FootageRequest>[] {
  const { t, i18n } = useLingui();
  return [
    {
      key: "request",
      head: t`Demande`,
      cell: (request) => (
        <>
          <Link to="/demandes/$request" params={{ request: request.id }}>
            {request.number}
          </Link>
          <small>
            <Trans>
              reçue le <TimeText us={request.registered_us} />
            </Trans>
          </small>
        </>
      ),
    },
    {
      key: "from",
      head: t`Demandeur et cadre`,
      word: t`Demandeur`,
      cell: (request) => (
        <>
          {request.authority || "—"}
          <small>
            {i18n._(FRAMES[request.frame].name)}
            {request.basis ? <Trans>, accès habilité</Trans> : null}
          </small>
        </>
      ),
    },
    {
      key: "range",
      head: t`Caméras et plage`,
      word: t`Plage`,
      cell: (request) => (
        <>
          <Plural value={request.cameras.length} one="# caméra" other="# caméras" />
          {" · "}
          {formatSpan(request.from_us, request.to_us)}
        </>
      ),
    },
    {
      key: "step",
      head: t`Étape`,
      word: t`Étape`,
      cell: (request) => {
        const { state, step: ofAll } = REQUEST_STATES[request.state];
        // A collection has no step of decision (P-73).
        const [step, count] = request.basis ? [ofAll - 1, STEPS_COUNT - 1] : [ofAll, STEPS_COUNT];
        return (
          <>
            <StateTag state={state} />
            <small>{request.state === "refused" ? t`motif de droit` : t`${step} sur ${count}`}</small>
          </>
        );
      },
    },
    {
      key: "answer",
      head: t`Réponse attendue`,
      word: t`Réponse`,
      cell: (request) => <AnswerCell request={request} />,
    },
  ];
}

function AnswerCell({ request }: { request: FootageRequest }) {
  const { t } = useLingui();
  if (!request.answer_by_us || !waitsFor(request, "secretary")) return <>—</>;
  const left = request.answer_by_us - nowUs();
  return (
    <>
      <TimeText us={request.answer_by_us} />
      <small>{left > 0 ? t`dans ${formatDuration(left)}` : t`délai dépassé`}</small>
    </>
  );
}
