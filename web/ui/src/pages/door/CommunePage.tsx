import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate, useRouter } from "@tanstack/react-router";
import { ArrowRight, Ban } from "lucide-react";
import { type FormEvent, useId, useRef, useState } from "react";
import { actFor, type CommuneChoice, purposesQuery, type Session, sessionQuery } from "../../api/session";
import { formatDate, nowUs, US_PER_S } from "../../i18n/format";
import {
  Button,
  buttonClass,
  Crest,
  ErrorState,
  Loading,
  MOTIVE_MAX_CHARS,
  Note,
  Refusal,
  RuleTag,
  SelectField,
  StateTag,
  TextField,
  useAttempt,
} from "../../parts";
import { purposeWords } from "../../session/purposes";
import { ROLE_WORDS } from "../../session/roles";
import { SessionProvider } from "../../session/SessionContext";
import { SessionGuard, useLeave } from "../../session/SessionGuard";
import { AccountNotice } from "../../shell/AccountNotice";
import { homeOf } from "../../shell/navigation";
import { OutsidePage } from "../../shell/OutsidePage";
import { UnlockCard } from "./UnlockCard";

const route = getRouteApi("/commune");
const SOON_US = 30 * 86_400 * US_PER_S;

/** For which commune, and why: one commune of authority at a time (P-62), one purpose (P-02). */
export function CommunePage() {
  const { session } = route.useRouteContext();
  const live = useQuery(sessionQuery).data ?? session;
  return (
    <SessionProvider initial={session}>
      <CommuneChoicePage session={live} />
      <SessionGuard />
    </SessionProvider>
  );
}

function CommuneChoicePage({ session }: { session: Session }) {
  const { t } = useLingui();
  const leave = useLeave();
  // What was found locked stays in sight, to say that it is open now.
  const locked = useRef(new Set<string>());
  for (const commune of session.holder_of) if (!session.unlocked[commune]) locked.current.add(commune);
  return (
    <OutsidePage
      title={t`Choisir une commune`}
      acts={
        <>
          <span className="small dim only-l">{session.person.label}</span>
          <Link className={buttonClass({ kind: "quiet", size: "s" })} to="/compte">
            <Trans>Mon compte</Trans>
          </Link>
          <Button kind="quiet" size="s" onClick={() => void leave()}>
            <Trans>Se déconnecter</Trans>
          </Button>
        </>
      }
    >
      <AccountNotice />
      <div className="stack-s">
        <p className="small dim only-s">{session.person.label}</p>
        <h1>
          <Trans>Pour quelle commune agissez-vous ?</Trans>
        </h1>
        <p className="dim">
          <Trans>
            Vous êtes placé sous l’autorité de son maire tant que vous n’en changez pas. Une seule à la fois.
          </Trans>
        </p>
      </div>
      <ChoiceForm session={session} />
      {[...locked.current].map((commune) => (
        <UnlockCard key={commune} commune={commune} name={nameOf(session, commune)} />
      ))}
    </OutsidePage>
  );
}

function nameOf(session: Session, commune: string): string {
  return session.communes.find((choice) => choice.id === commune)?.name ?? commune;
}

function ChoiceForm({ session }: { session: Session }) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const { suite } = route.useSearch();
  const purposes = useQuery(purposesQuery);
  const open = session.communes.filter((choice) => choice.available);
  const [commune, setCommune] = useState(session.acting?.commune ?? open[0]?.id ?? "");
  const { busy, error, attempt } = useAttempt();
  const chosen = open.find((choice) => choice.id === commune);
  if (purposes.isPending) return <Loading rows={4} />;
  if (purposes.isError) return <ErrorState error={purposes.error} onRetry={() => void purposes.refetch()} />;
  const allowed = purposes.data.filter((purpose) => chosen?.purposes.includes(purpose.id));
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!chosen) return;
    const data = new FormData(event.currentTarget);
    await attempt(async () => {
      const fresh = await actFor(
        commune,
        String(data.get("purpose") ?? ""),
        String(data.get("motive") ?? "").trim(),
      );
      // What was read for another commune must not be shown under this one.
      client.clear();
      client.setQueryData(sessionQuery.queryKey, fresh);
      await router.invalidate();
      await navigate({ href: suite ?? (session.demo ? "/" : homeOf(chosen.role)) });
    });
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <fieldset className="stack-s">
        <legend className="vh">
          <Trans>Commune d’autorité</Trans>
        </legend>
        {session.communes.map((choice) =>
          choice.available ? (
            <OpenChoice
              key={choice.id}
              choice={choice}
              checked={choice.id === commune}
              onChoose={setCommune}
            />
          ) : (
            <ClosedChoice key={choice.id} choice={choice} />
          ),
        )}
      </fieldset>
      {chosen ? (
        <>
          {allowed.length === 0 ? (
            <Note kind="off" title={<Trans>Aucune finalité n’est autorisée ici pour l’instant.</Trans>}>
              <Trans>Vous pouvez agir, mais aucune image ne s’ouvre sans arrêté du préfet en vigueur.</Trans>{" "}
              <RuleTag rule="P-20" />
            </Note>
          ) : (
            <SelectField
              label={t`Motif de la consultation`}
              name="purpose"
              key={chosen.id}
              defaultValue={session.acting?.commune === chosen.id ? session.acting.purpose : undefined}
              help={t`Parmi les finalités autorisées par le préfet pour cette commune. Vous pourrez en changer à tout moment ; chaque consultation le porte au journal.`}
            >
              {allowed.map((purpose) => (
                <option key={purpose.id} value={purpose.id}>
                  {purposeWords(purpose)}
                </option>
              ))}
            </SelectField>
          )}
          <TextField
            label={t`Contexte, en quelques mots (facultatif)`}
            name="motive"
            maxLength={MOTIVE_MAX_CHARS}
            autoComplete="off"
            defaultValue={session.acting?.commune === chosen.id ? session.acting.motive : ""}
            help={t`Un secteur, un événement, une main courante. Ne nommez et ne décrivez personne.`}
          />
          {error ? <Refusal error={error} /> : null}
          <Button kind="primary" size="l" type="submit" busy={busy}>
            <Trans>Agir pour {chosen.name}</Trans>
            <ArrowRight className="ic" aria-hidden />
          </Button>
        </>
      ) : (
        <p className="dim" lang={i18n.locale}>
          <Trans>Aucune commune ne vous est ouverte aujourd’hui. Chaque raison est dite ci-dessus.</Trans>
        </p>
      )}
    </form>
  );
}

interface OpenChoiceProps {
  choice: CommuneChoice;
  checked: boolean;
  onChoose: (commune: string) => void;
}

function OpenChoice({ choice, checked, onChoose }: OpenChoiceProps) {
  const { i18n } = useLingui();
  const id = useId();
  const soon = choice.until_us !== null && choice.until_us - nowUs() < SOON_US;
  return (
    <label className="opt" htmlFor={id}>
      <input
        id={id}
        type="radio"
        name="commune"
        value={choice.id}
        checked={checked}
        onChange={() => onChoose(choice.id)}
      />
      <Crest commune={choice.id} />
      <span>
        <b>{choice.name}</b>
        <small>
          {i18n._(ROLE_WORDS[choice.role])}
          {choice.until_us === null ? null : (
            <Trans>. Habilitation jusqu’au {formatDate(choice.until_us)}.</Trans>
          )}
        </small>
      </span>
      <StateTag state={soon ? "expiring" : "clear"} />
    </label>
  );
}

function ClosedChoice({ choice }: { choice: CommuneChoice }) {
  return (
    <div className="opt opt-off">
      <Ban className="ic" aria-hidden />
      <Crest commune={choice.id} off />
      <div>
        <b>{choice.name}</b>
        <small>
          {choice.reason} <RuleTag rule={choice.rule} />
        </small>
      </div>
      <StateTag state="unavailable" />
    </div>
  );
}
