import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import {
  type AccessRight,
  type FiledAccess,
  fileAccess,
  type PublicPage,
  publicPageQuery,
} from "../../api/public";
import { formatDate, fromParisFields, nowUs } from "../../i18n/format";
import { Button } from "../../parts/Button";
import { Card, Facts } from "../../parts/Card";
import { DateField } from "../../parts/DateFields";
import { Choices, TextArea, TextField } from "../../parts/Field";
import { Note } from "../../parts/Note";
import { QueryView } from "../../parts/QueryView";
import { Refusal } from "../../parts/Refusal";
import { useAttempt } from "../../parts/useAttempt";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";
import { PLACE_MAX_CHARS, RANGE_MAX_MINUTES, RIGHT_IDS, RIGHTS, TEXT_MAX_CHARS } from "./accessWords";
import { BackToPublicPage } from "./BackToPublicPage";

const MINUTE_US = 60_000_000;

/** A filmed person's request: no account, no picture, no document sent (P-82…P-85). */
export function AccessFormPage() {
  const { t } = useLingui();
  const { commune } = useParams({ from: "/information/$commune/demande" });
  const query = useQuery(publicPageQuery(commune));
  return (
    <OutsidePage
      title={t`Demande d’une personne filmée`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <QueryView query={query}>{(told) => <Asking told={told} />}</QueryView>
    </OutsidePage>
  );
}

function Asking({ told }: { told: PublicPage }) {
  const [filed, setFiled] = useState<FiledAccess | null>(null);
  return (
    <>
      <div className="stack-s">
        <h1>
          <Trans>Demande sur les images de {told.name}</Trans>
        </h1>
        {filed ? null : (
          <p className="dim">
            <Trans>
              Sans compte. N’envoyez ni photographie ni document : votre identité se vérifie au guichet, sans
              copie.
            </Trans>
          </p>
        )}
      </div>
      {filed ? <Done filed={filed} told={told} /> : <AccessForm told={told} onFiled={setFiled} />}
      <BackToPublicPage commune={told.commune} />
    </>
  );
}

interface Draft {
  right: AccessRight | null;
  place: string;
  day: string;
  from: string;
  to: string;
  description: string;
  name: string;
  answer: "post" | "email";
  contact: string;
}

const EMPTY: Draft = {
  right: null,
  place: "",
  day: "",
  from: "",
  to: "",
  description: "",
  name: "",
  answer: "post",
  contact: "",
};

type Wrong = Partial<Record<keyof Draft, string>>;

/** A time of day as people type it, "14:30", "14h30" or "14 h", as "14:30"; empty for anything else. */
function timeOf(typed: string): string {
  const found = /^(\d{1,2})\s*(?:[:hH]\s*(\d{2})?)$/.exec(typed.trim());
  const [, hour = "", minute = "00"] = found ?? [];
  return found && Number(hour) < 24 && Number(minute) < 60 ? `${hour.padStart(2, "0")}:${minute}` : "";
}

function useWrong(draft: Draft): { wrong: Wrong; fromUs: number; toUs: number } {
  const { t } = useLingui();
  const instant = (typed: string) => {
    const time = timeOf(typed);
    return draft.day && time ? (fromParisFields(draft.day, time)[0] ?? 0) : 0;
  };
  const fromUs = instant(draft.from);
  const toUs = instant(draft.to);
  const wrong: Wrong = {};
  if (!draft.right) wrong.right = t`Choisissez ce que vous demandez.`;
  for (const name of ["place", "description", "name", "contact"] as const) {
    if (!draft[name].trim()) wrong[name] = t`Remplissez ce champ.`;
  }
  if (!draft.day) wrong.day = t`Donnez le jour.`;
  if (!fromUs) wrong.from = t`Donnez l’heure du début, ainsi : 14:30.`;
  if (!toUs) wrong.to = t`Donnez l’heure de fin, ainsi : 14:45.`;
  else if (toUs <= fromUs) wrong.to = t`La fin doit suivre le début.`;
  else if (toUs - fromUs > RANGE_MAX_MINUTES * MINUTE_US) wrong.to = t`Une heure au plus.`;
  else if (toUs > nowUs()) wrong.to = t`Choisissez une heure passée.`;
  return { wrong, fromUs, toUs };
}

function AccessForm({ told, onFiled }: { told: PublicPage; onFiled: (filed: FiledAccess) => void }) {
  const { t, i18n } = useLingui();
  const [draft, setDraft] = useState(EMPTY);
  const [tried, setTried] = useState(false);
  const { busy, error, attempt } = useAttempt();
  const summary = useRef<HTMLDivElement>(null);
  const { wrong, fromUs, toUs } = useWrong(draft);
  const said: Wrong = tried ? wrong : {};
  const set = (changed: Partial<Draft>) => setDraft((before) => ({ ...before, ...changed }));
  useEffect(() => {
    if (error) summary.current?.focus();
  }, [error]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const { right, place, description, name, answer, contact } = draft;
    if (!right || Object.keys(wrong).length > 0) {
      summary.current?.focus();
      return;
    }
    await attempt(async () => {
      const words = { right, place, description, name, answer, contact };
      onFiled(await fileAccess(told.commune, { ...words, from_us: fromUs, to_us: toUs }));
    });
  };
  return (
    <form className="stack" noValidate onSubmit={(event) => void submit(event)}>
      <Card title={<Trans>Ce que vous demandez</Trans>}>
        <Choices
          legend={<Trans>Ce que vous demandez</Trans>}
          hideLegend
          name="right"
          value={draft.right}
          onChange={(right) => set({ right })}
          choices={RIGHT_IDS.map((id) => ({
            value: id,
            label: i18n._(RIGHTS[id].word),
            detail: i18n._(RIGHTS[id].detail),
          }))}
          error={said.right}
        />
        <p className="small dim">
          <Trans>La loi ne prévoit pas de droit d’opposition.</Trans>
        </p>
      </Card>
      <Card title={<Trans>Où et quand</Trans>}>
        <TextField
          label={t`Lieu`}
          name="place"
          value={draft.place}
          maxLength={PLACE_MAX_CHARS}
          autoComplete="off"
          onChange={(event) => set({ place: event.target.value })}
          help={t`La rue ou la place, et un repère : « place du Marché, devant la fontaine ».`}
          error={said.place}
        />
        <DateField label={t`Jour`} name="day" onChange={(day) => set({ day })} error={said.day} />
        <div className="form-2">
          <TextField
            label={t`De`}
            name="from"
            value={draft.from}
            maxLength={8}
            placeholder="hh:mm"
            autoComplete="off"
            onChange={(event) => set({ from: event.target.value })}
            error={said.from}
          />
          <TextField
            label={t`À`}
            name="to"
            value={draft.to}
            maxLength={8}
            placeholder="hh:mm"
            autoComplete="off"
            onChange={(event) => set({ to: event.target.value })}
            help={t`Une heure au plus.`}
            error={said.to}
          />
        </div>
        <TextArea
          label={t`À quoi vous reconnaître sur l’image`}
          name="description"
          value={draft.description}
          maxLength={TEXT_MAX_CHARS}
          rows={3}
          onChange={(event) => set({ description: event.target.value })}
          help={t`Vos vêtements, ce que vous portiez, d’où vous veniez. Ne décrivez personne d’autre.`}
          error={said.description}
        />
      </Card>
      <Card title={<Trans>Pour vous répondre</Trans>}>
        <TextField
          label={t`Nom et prénom`}
          name="name"
          value={draft.name}
          maxLength={PLACE_MAX_CHARS}
          autoComplete="name"
          onChange={(event) => set({ name: event.target.value })}
          error={said.name}
        />
        <Choices
          legend={<Trans>Comment vous répondre</Trans>}
          name="answer"
          value={draft.answer}
          onChange={(answer) => set({ answer })}
          choices={[
            { value: "post", label: t`Par la poste` },
            { value: "email", label: t`Par courriel` },
          ]}
        />
        <TextField
          label={draft.answer === "email" ? t`Adresse de courriel` : t`Adresse postale`}
          name="contact"
          type={draft.answer === "email" ? "email" : "text"}
          value={draft.contact}
          maxLength={TEXT_MAX_CHARS}
          autoComplete={draft.answer === "email" ? "email" : "street-address"}
          onChange={(event) => set({ contact: event.target.value })}
          error={said.contact}
        />
        <p className="small dim">
          <Trans>
            Ces renseignements servent à vous répondre, à la mairie seulement. Ils sont effacés trois mois
            après la réponse, ou dès que la demande tombe.
          </Trans>
        </p>
      </Card>
      <div ref={summary} tabIndex={-1} className="stack-s">
        {error ? <Refusal error={error} /> : null}
        {tried && Object.keys(wrong).length > 0 ? (
          <p className="err" role="alert">
            <CircleAlert className="ic" aria-hidden />
            <span>
              <Trans>Il manque quelque chose : voyez les champs signalés.</Trans>
            </span>
          </p>
        ) : null}
      </div>
      <Button kind="primary" size="l" wide type="submit" busy={busy}>
        <Trans>Envoyer la demande</Trans>
      </Button>
    </form>
  );
}

/** What was made of it: the code, once, and what the person does next. */
function Done({ filed, told }: { filed: FiledAccess; told: PublicPage }) {
  const { t } = useLingui();
  const heading = useRef<HTMLDivElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const counter = told.rights || t`À l’accueil de la mairie`;
  return (
    <div className="stack" ref={heading} tabIndex={-1}>
      <Note kind="ok" live title={<Trans>Demande {filed.number} reçue.</Trans>}>
        <Trans>Présentez-vous avec une pièce d’identité avant le {formatDate(filed.identity_by_us)}.</Trans>
      </Note>
      <Card title={<Trans>Votre code de suivi</Trans>}>
        <p>
          <Trans>Notez-le : il n’est montré qu’une fois, et personne ne peut vous le redonner.</Trans>
        </p>
        <p className="code">{filed.code}</p>
        <Button onClick={() => window.print()}>
          <Trans>Imprimer</Trans>
        </Button>
      </Card>
      <Card title={<Trans>La suite</Trans>}>
        <Facts
          items={[
            { label: t`Au guichet`, value: counter },
            { label: t`Avant le`, value: formatDate(filed.identity_by_us) },
            { label: t`Réponse`, value: t`au plus tard le ${formatDate(filed.answer_by_us)}` },
          ]}
        />
        {filed.held ? (
          <Note kind="hold" title={<Trans>Les images de cette plage sont gelées jusque-là.</Trans>}>
            <Trans>Sans vérification de votre identité, le gel tombe et la demande avec lui.</Trans>
          </Note>
        ) : (
          <Note kind="warn" title={<Trans>Les images ne sont pas gelées : venez au plus vite.</Trans>}>
            <Trans>
              Trop de demandes attendent. Au guichet, la plage est gelée dès que votre identité est vérifiée,
              si les images existent encore.
            </Trans>
          </Note>
        )}
      </Card>
    </div>
  );
}
