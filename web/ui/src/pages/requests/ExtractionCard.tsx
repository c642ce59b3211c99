import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Box, Printer } from "lucide-react";
import { acknowledge, type RequestDetail, startExtraction } from "../../api/requests";
import { formatBytes, formatDateTime, formatNumber } from "../../i18n/format";
import {
  ActButton,
  Button,
  buttonClass,
  Card,
  Check,
  Facts,
  Note,
  Refusal,
  RuleTag,
  StateTag,
  TextField,
  textOf,
  useAttempt,
  useStepUp,
} from "../../parts";
import { useRole } from "../../session/SessionContext";
import { DownloadPackage } from "./DownloadPackage";

/** Building, downloading, verifying and handing over the package. Progress is the server's: a reload finds it. */
export function ExtractionCard({ request }: { request: RequestDetail }) {
  // Who collects under their own access alone extracts and acknowledges it (P-73).
  const collects = useRole("state_agent");
  const ours = useRole("officer", "chief", "mayor", "deputy");
  const gives = useRole("secretary", "officer", "chief", "mayor", "deputy");
  const [extracts, hands] = request.basis ? [collects, collects] : [ours, gives];
  if (request.state === "approved" && extracts) return <BuildCard request={request} />;
  if (request.state === "packaged")
    return <PackageCard request={request} downloads={extracts} hands={hands} />;
  if (request.state === "received" || request.state === "purged") {
    return <PackageCard request={request} downloads={false} hands={false} />;
  }
  return null;
}

function BuildCard({ request }: { request: RequestDetail }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const guarded = useStepUp();
  const { busy, error, attempt } = useAttempt();
  const progress = request.package.progress;
  const running = progress && (progress.status === "running" || progress.status === "queued");
  const start = async () => {
    await attempt(async () => {
      await guarded(() => startExtraction(request.id), true);
    });
    void client.invalidateQueries({ queryKey: ["request"] });
  };
  return (
    <Card
      title={<Trans>Extraction</Trans>}
      aside={running ? <StateTag state="running" /> : <StateTag state="todo" />}
    >
      {running ? (
        <Progress done={progress.done ?? 0} total={progress.total ?? 0} words={progress.words} />
      ) : (
        <>
          <p>
            {request.basis ? (
              <Trans>
                Le flux enregistré est copié tel quel, avec ses absences, le fondement de la collecte et la
                preuve d’inclusion, puis scellé. L’enregistrement continue pendant ce temps.
              </Trans>
            ) : (
              <Trans>
                Le flux enregistré est copié tel quel, avec ses absences, la décision et la preuve
                d’inclusion, puis scellé. L’enregistrement continue pendant ce temps.
              </Trans>
            )}{" "}
            <RuleTag rule="T-10" />
          </p>
          {progress?.status === "failed" ? (
            <Note kind="danger" title={progress.error?.what ?? t`L’extraction s’est arrêtée.`}>
              <span>
                {progress.error?.todo ?? t`Relancez-la : rien n’est sorti.`}{" "}
                <RuleTag rule={progress.error?.rule} />
              </span>
            </Note>
          ) : null}
          {error ? <Refusal error={error} /> : null}
          {request.extract ? (
            <Note kind="off" title={request.extract.what}>
              <span>
                {request.extract.todo} <RuleTag rule={request.extract.rule} />
              </span>
            </Note>
          ) : null}
          <div className="row">
            <Button kind="primary" icon={Box} busy={busy} onClick={() => void start()}>
              <Trans>Lancer l’extraction</Trans>
            </Button>
          </div>
        </>
      )}
    </Card>
  );
}

/** Spoken at each quarter only. */
function Progress({ done, total, words }: { done: number; total: number; words: string | undefined }) {
  const { t } = useLingui();
  const share = total > 0 ? done / total : 0;
  const quarter = Math.floor(share * 4) * 25;
  return (
    <div className="stack-s">
      <progress className="bar" value={done} max={total || 1} aria-label={t`Avancement de l’extraction`} />
      <p className="small">
        {formatNumber(Math.round(share * 100))} % {words ? ` · ${words}` : null}
      </p>
      <p className="vh" role="status">
        {quarter > 0 ? t`Extraction : ${quarter} %` : null}
      </p>
      <p className="small dim">
        <Trans>Vous pouvez quitter cette page : l’extraction continue et se retrouve ici.</Trans>
      </p>
    </div>
  );
}

/** A hash in groups of four, read aloud by groups and copied whole. */
export function Hash({ value }: { value: string }) {
  const groups = value.match(/.{1,4}/g) ?? [];
  return (
    <code className="hash">
      {groups.map((group, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: groups of a fixed text
        <span key={index}>{group}</span>
      ))}
    </code>
  );
}

interface PackageCardProps {
  request: RequestDetail;
  downloads: boolean;
  hands: boolean;
}

function PackageCard({ request, downloads, hands }: PackageCardProps) {
  const { t } = useLingui();
  const facts = request.package;
  return (
    <Card
      title={<Trans>Paquet de preuve</Trans>}
      aside={
        <StateTag
          state={request.state === "purged" ? "closed" : request.state === "received" ? "delivered" : "done"}
        />
      }
    >
      <Facts
        items={[
          facts.bytes ? { label: t`Taille`, value: formatBytes(facts.bytes) } : null,
          facts.built_us ? { label: t`Scellé le`, value: formatDateTime(facts.built_us, true) } : null,
          facts.received_us ? { label: t`Remis le`, value: formatDateTime(facts.received_us) } : null,
          facts.purge_us
            ? {
                label: t`Notre copie`,
                value: facts.purged_us
                  ? t`détruite le ${formatDateTime(facts.purged_us)}`
                  : t`sera détruite le ${formatDateTime(facts.purge_us)}`,
              }
            : null,
        ]}
      />
      {facts.manifest_sha256 && facts.built_us ? (
        <div className="stack-s">
          <h3>
            <Trans>Empreinte SHA-256 du manifeste</Trans>
          </h3>
          <Hash value={facts.manifest_sha256} />
        </div>
      ) : null}
      {request.state === "purged" ? null : <HowToVerify request={request} />}
      {downloads ? <DownloadPackage request={request} /> : null}
      <div className="row">
        {request.state === "purged" ? null : (
          <Link className={buttonClass()} to="/demandes/$request/remise" params={{ request: request.id }}>
            <Printer className="ic" aria-hidden />
            <Trans>Reçu et étiquette</Trans>
          </Link>
        )}
        {hands ? (
          <ActButton
            label={<Trans>Noter la remise</Trans>}
            title={<Trans>Remise du paquet contre reçu</Trans>}
            confirm={<Trans>Noter la remise</Trans>}
            run={(data) =>
              acknowledge(
                request.id,
                textOf(data, "recipient"),
                textOf(data, "medium"),
                data.get("others_hidden") !== null,
              )
            }
            stale={["request", "requests"]}
            done={t`Remise notée.`}
          >
            <TextField
              label={t`Qualité et matricule du destinataire`}
              name="recipient"
              required
              maxLength={120}
              autoComplete="off"
              help={t`Comme sur le reçu signé : « OPJ 214 873 ». Pas de nom.`}
            />
            <TextField
              label={t`Support`}
              name="medium"
              maxLength={100}
              autoComplete="off"
              placeholder={t`disque non réinscriptible`}
            />
            {request.frame === "droit_acces" ? (
              <Check
                name="others_hidden"
                required
                label={t`La copie est recadrée : personne d’autre n’y est reconnaissable`}
              />
            ) : null}
          </ActButton>
        ) : null}
      </div>
    </Card>
  );
}

function HowToVerify({ request }: { request: RequestDetail }) {
  // The file is named after the request, then the instant it was made.
  const file = `E-${request.id.replace(/^d-/, "")}-*.zip`;
  return (
    <details className="stack-s">
      <summary className="strong">
        <Trans>Vérifier le paquet, sans nous</Trans>
      </summary>
      <ol className="stack-s small numbered">
        <li>
          <Trans>
            Comparez l’empreinte lue ci-dessus avec celle du manifeste reçu, qui porte celle de chaque fichier
            :
          </Trans>
          <pre className="code">unzip -p {file} manifest.json | sha256sum</pre>
        </li>
        <li>
          <Trans>Vérifiez signature, empreintes, absences et preuve d’inclusion, hors ligne :</Trans>
          <pre className="code">vms evidence verify {file} --signer signer.vkey</pre>
        </li>
        <li>
          <Trans>Ou avec openssl seul, ligne par ligne : la notice du paquet dit comment.</Trans>
        </li>
        <li>
          <Trans>La vidéo se lit dans tout lecteur courant ; elle n’a pas de son.</Trans>
        </li>
      </ol>
    </details>
  );
}
