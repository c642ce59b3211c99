import "./why.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { BadgeCheck, Ban, MessageCircleQuestionMark } from "lucide-react";
import type { FormEvent } from "react";
import { useState } from "react";
import { camerasQuery } from "../../api/cameras";
import { peopleQuery } from "../../api/people";
import { type Explanation, type WhyQuestion, whyQuery } from "../../api/why";
import { formatDateTime, formatLong, nowUs } from "../../i18n/format";
import { Button, Card, EmptyState, Note, QueryView, RuleTag, SelectField, textOf } from "../../parts";
import { instantOf, ParisInstant, typedOf } from "../../parts/DateFields";
import { ServerWords } from "../../parts/ServerWords";
import { useActing, useRole, useSession } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { cameraNumber } from "../cameras/words";
import { ACT_WORDS, IMAGE_ACTS } from "../people/words";
import { Chain, Links, PartTitle } from "./Chain";

/** What the address asks; a wrong value asks nothing. */
function asked(search: Record<string, unknown>): WhyQuestion {
  const text = (name: string) => (typeof search[name] === "string" ? (search[name] as string) : "");
  const at = Number(search.t);
  return {
    person: text("personne"),
    act: text("acte"),
    camera: text("camera"),
    atUs: Number.isSafeInteger(at) && at > 0 ? at : 0,
  };
}

/** What the gate answers a person about a camera at an instant, and why; anybody may ask about themselves (P-58). */
export function WhyPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const navigate = useNavigate();
  const question = asked(useSearch({ strict: false }) as Record<string, unknown>);
  const complete = question.act !== "" && question.camera !== "";
  const query = useQuery({ ...whyQuery(commune, question), enabled: complete });
  const ask = ({ person, act, camera, atUs }: WhyQuestion) => {
    const search = {
      ...(person ? { personne: person } : {}),
      acte: act,
      camera,
      ...(atUs ? { t: atUs } : {}),
    };
    void navigate({ to: "/pourquoi", search: search as never });
  };
  return (
    <>
      <PageHead
        title={t`Pourquoi ?`}
        lead={t`Ce que répond le service des droits, élément par élément, avec les articles. Aucune image ; la question est inscrite au journal.`}
      />
      <div className="cols">
        {complete ? (
          <QueryView query={query} level={2}>
            {(told) => <Told told={told} />}
          </QueryView>
        ) : (
          <div className="card">
            <EmptyState icon={MessageCircleQuestionMark} level={2} title={<Trans>Posez une question</Trans>}>
              <p>
                <Trans>
                  Choisissez l’acte, la caméra et l’instant : chaque élément est dit, rempli ou non.
                </Trans>
              </p>
            </EmptyState>
          </div>
        )}
        <QuestionCard key={JSON.stringify(question)} question={question} onAsk={ask} />
      </div>
    </>
  );
}

interface QuestionCardProps {
  question: WhyQuestion;
  onAsk: (question: WhyQuestion) => void;
}

/** Who, what, on which camera, when. About others only for those who may ask it. */
function QuestionCard({ question, onAsk }: QuestionCardProps) {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const self = useSession().person;
  const asksOfOthers = useRole("mayor", "deputy", "auditor", "inspector");
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const people = useQuery({ ...peopleQuery(commune), enabled: asksOfOthers }).data ?? [];
  const [person, setPerson] = useState(question.person);
  const [at, setAt] = useState(() => typedOf(question.atUs || nowUs()));
  const [error, setError] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const atUs = instantOf(at);
    if (atUs === null) return setError(t`Complétez le jour et l’heure.`);
    if (atUs > nowUs()) return setError(t`Choisissez un instant passé.`);
    onAsk({ person, act: textOf(data, "act"), camera: textOf(data, "camera"), atUs });
  };
  const acts = IMAGE_ACTS.filter((act) => person !== "" || act !== "export");
  return (
    <Card title={<Trans>La question</Trans>}>
      <form className="stack" onSubmit={submit}>
        {asksOfOthers ? (
          <SelectField
            label={t`Personne`}
            name="person"
            value={person}
            onChange={(event) => setPerson(event.target.value)}
          >
            <option value="">{t`Moi (${self.label})`}</option>
            {people
              .filter((one) => one.person !== self.id)
              .map((one) => (
                <option key={one.person} value={one.person}>
                  {one.label || one.person}
                </option>
              ))}
          </SelectField>
        ) : null}
        <SelectField label={t`Acte`} name="act" defaultValue={question.act || "live"}>
          {acts.map((act) => (
            <option key={act} value={act}>
              {i18n._(ACT_WORDS[act])}
            </option>
          ))}
        </SelectField>
        <SelectField
          key={cameras.length}
          label={t`Caméra`}
          name="camera"
          required
          defaultValue={question.camera}
        >
          {cameras.map((camera) => (
            <option key={camera.id} value={camera.id}>
              {cameraNumber(camera)} {camera.name}
            </option>
          ))}
        </SelectField>
        <ParisInstant legend={<Trans>Jour et heure</Trans>} value={at} onChange={setAt} error={error} />
        <Button type="submit" kind="primary" icon={MessageCircleQuestionMark}>
          <Trans>Expliquer</Trans>
        </Button>
      </form>
    </Card>
  );
}

function Told({ told }: { told: Explanation }) {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const camera = useQuery(camerasQuery(commune)).data?.find((one) => one.id === told.camera);
  const act = i18n._(ACT_WORDS[told.act]);
  const where = camera ? `${cameraNumber(camera)} ${camera.name}` : told.camera;
  const who = told.label || told.person;
  const aside = told.parts.filter((part) => !part.used);
  const since = told.known_since;
  return (
    <div className="stack">
      <Card title={t`${who} : ${act}, ${where}`} aside={formatLong(told.at_us)}>
        <Note
          kind={told.allowed ? "ok" : "off"}
          icon={told.allowed ? BadgeCheck : Ban}
          live
          title={told.allowed ? <Trans>Permis à cet instant.</Trans> : <Trans>Refusé à cet instant.</Trans>}
        >
          {told.refusal ? (
            <span>
              <ServerWords {...told.refusal} /> <RuleTag rule={told.refusal.rule} />{" "}
              <span className="dim">{told.refusal.article}</span>
            </span>
          ) : (
            <Trans>Chaque élément est rempli.</Trans>
          )}
        </Note>
        {since ? (
          <Note kind="warn" title={<Trans>Ce qui a été enregistré depuis changerait la réponse.</Trans>}>
            {since.refusal ? (
              <span>
                <ServerWords {...since.refusal} /> <RuleTag rule={since.refusal.rule} />
              </span>
            ) : (
              <Trans>Elle serait : permis.</Trans>
            )}
          </Note>
        ) : null}
        <Chain told={told} />
        <p className="small dim">
          <Trans>Selon les faits enregistrés le {formatDateTime(told.at_us, true)}.</Trans>{" "}
          <RuleTag rule="P-58" />
        </p>
      </Card>
      {aside.length > 0 ? (
        <Card dense title={<Trans>Sans effet sur la réponse</Trans>}>
          {aside.map((part) => (
            <details key={part.subject}>
              <summary>
                <PartTitle part={part} />
              </summary>
              <Links reasons={part.reasons} />
            </details>
          ))}
        </Card>
      ) : null}
    </div>
  );
}
